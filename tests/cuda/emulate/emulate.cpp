#include "emulate/emulate.h"

#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>

dim3 threadIdx, blockIdx, blockDim, gridDim;

// Saves the registers that a call must keep and the stack, and goes on with another stack (x86-64,
// System V).
extern "C" void switch_stack(void** save, void* next);
asm(R"(
.text
.globl switch_stack
.type switch_stack, @function
switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size switch_stack, .-switch_stack
)");

namespace lengthwise::cuda {
namespace {

constexpr int kLanes = 32;
constexpr size_t kStackBytes = 256 * 1024;

[[noreturn]] void stop(const char* why) {
  std::fprintf(stderr, "emulator: %s (block %u %u %u, thread %u)\n", why, blockIdx.x, blockIdx.y,
               blockIdx.z, threadIdx.x);
  std::abort();
}

/// Threads that meet: the last to come opens the next generation.
struct Meeting {
  int members = 0, arrived = 0;
  int64_t generation = 0;
};

using Words = std::array<uint32_t, 6>;

struct Warp {
  Meeting meeting;
  Words words[2][kLanes];  // by turns: a lane may be one instruction ahead of another
};

struct Copy {
  uint32_t shared;
  std::array<char, 16> bytes;
  uint32_t count;
};

struct Thread {
  int index = 0;
  std::unique_ptr<char[]> stack;
  void* pointer = nullptr;
  bool done = false;
  Meeting* waits_for = nullptr;
  int64_t generation = 0;
  int turn = 0;
  std::vector<Copy> copies;
};

struct Block {
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Meeting all;
  std::unique_ptr<char[]> memory;
  uint32_t bytes = 0;
  const std::function<void()>* run = nullptr;
  void* scheduler = nullptr;
  Thread* now = nullptr;
};

Block block;
std::mt19937 random_bits(1);

void give_way() {
  switch_stack(&block.now->pointer, block.scheduler);
}

void meet(Meeting& meeting) {
  const int64_t generation = meeting.generation;
  if (++meeting.arrived == meeting.members) {
    meeting.arrived = 0;
    ++meeting.generation;
    return;
  }
  block.now->waits_for = &meeting;
  block.now->generation = generation;
  while (meeting.generation == generation) give_way();
  block.now->waits_for = nullptr;
}

int lane() {
  return block.now->index % kLanes;
}

/// Every lane's words, once every lane has given its own.
const Words* exchange(const Words& own) {
  Warp& warp = block.warps[block.now->index / kLanes];
  Words* words = warp.words[block.now->turn];
  block.now->turn ^= 1;
  words[lane()] = own;
  meet(warp.meeting);
  return words;
}

char* shared_at(uint32_t address, uint32_t bytes) {
  if (address % bytes != 0) stop("an address in shared memory is not aligned");
  if (address > block.bytes || block.bytes - address < bytes) stop("outside shared memory");
  return block.memory.get() + address;
}

void copy(uint32_t shared, const void* global, bool valid, uint32_t count) {
  Copy made{shared, {}, count};
  if (valid && reinterpret_cast<uintptr_t>(global) % count != 0) stop("global not aligned");
  if (valid) std::memcpy(made.bytes.data(), global, count);
  std::memset(shared_at(shared, count), 0xff, count);
  block.now->copies.push_back(made);
}

float number(uint32_t word, int half) {
  return std::bit_cast<float>(half == 0 ? word << 16 : word & 0xffff0000U);
}

uint32_t rounded(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return 0x7fff;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

void load(uint32_t (&to)[4], uint32_t address, bool transposed) {
  const Words* words = exchange({address});
  const int row = lane() / 4, column = 2 * (lane() % 4);
  for (int m = 0; m < 4; ++m) {
    const auto at = [&](int r, int c) -> uint32_t {
      uint16_t half;
      std::memcpy(&half, shared_at(words[8 * m + r][0], 16) + 2 * c, 2);
      return half;
    };
    to[m] = transposed ? at(column, row) | at(column + 1, row) << 16
                       : at(row, column) | at(row, column + 1) << 16;
  }
}

void enter() {
  (*block.run)();
  if (!block.now->copies.empty()) stop("a thread ends before its copies");
  block.now->done = true;
  for (;;) give_way();
}

void prepare(Thread& thread, int index) {
  thread.index = index;
  if (!thread.stack) thread.stack = std::make_unique<char[]>(kStackBytes);
  // At `enter`, the stack must be 8 off a multiple of 16: as after a call.
  auto top = reinterpret_cast<uintptr_t>(thread.stack.get() + kStackBytes) / 16 * 16;
  auto** slots = reinterpret_cast<void**>(top) - 8;
  std::fill(slots, slots + 8, nullptr);
  slots[6] = reinterpret_cast<void*>(&enter);
  thread.pointer = slots;
  thread.done = false;
  thread.waits_for = nullptr;
  thread.turn = 0;
}

void run_block(int threads) {
  for (int x = 0; x < threads; ++x) prepare(block.threads[x], x);
  for (Warp& warp : block.warps) warp.meeting = {kLanes};
  block.all = {threads};
  std::memset(block.memory.get(), 0xff, block.bytes);
  const int warps = threads / kLanes;
  int left = threads;
  while (left > 0) {
    bool moved = false;
    const uint32_t bits = random_bits();
    for (int w = 0; w < warps; ++w) {
      const int warp = (w + bits / 65536) % warps;
      if ((bits >> warp & 1) != 0) {
        moved = true;  // left behind for once
        continue;
      }
      for (int l = 0; l < kLanes; ++l) {
        Thread& thread = block.threads[warp * kLanes + (l ^ (bits >> 8 & 31))];
        if (thread.done) continue;
        if (thread.waits_for != nullptr && thread.waits_for->generation == thread.generation) {
          continue;
        }
        moved = true;
        block.now = &thread;
        threadIdx = dim3(thread.index);
        switch_stack(&block.scheduler, thread.pointer);
        if (thread.done) --left;
      }
    }
    if (!moved) stop("all threads wait");
  }
}

}  // namespace

char* shared_memory() {
  return block.memory.get();
}

uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(static_cast<const char*>(pointer) - block.memory.get());
}

void copy_16_bytes(uint32_t shared, const void* global, bool valid) {
  copy(shared, global, valid, 16);
}

void copy_4_bytes(uint32_t shared, const void* global, bool valid) {
  copy(shared, global, valid, 4);
}

void wait_for_copies() {
  for (const Copy& made : block.now->copies) {
    std::memcpy(shared_at(made.shared, made.count), made.bytes.data(), made.count);
  }
  block.now->copies.clear();
}

void block_barrier() {
  meet(block.all);
}

void load_matrices(uint32_t (&to)[4], uint32_t address) {
  load(to, address, false);
}

void load_matrices_transposed(uint32_t (&to)[4], uint32_t address) {
  load(to, address, true);
}

/// PTX ISA, mma.m16n8k16 with .bf16, by its formulas for row and col of element i of a lane:
///   a: row = group for i in {0, 1, 4, 5}, else group + 8; col = 2 thread + (i & 1), + 8 for i >= 4
///   b: row = 2 thread + (i & 1), + 8 for i >= 2; col = group
///   c: row = group for i < 2, else group + 8; col = 2 thread + (i & 1)
void multiply_add(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  const Words* words = exchange({a[0], a[1], a[2], a[3], b0, b1});
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + (i < 2 ? 0 : 8), column = 2 * (lane() % 4) + (i & 1);
    float total = sum[i];
    for (int k = 0; k < 16; ++k) {
      // The lane and element that hold a[row][k] and b[k][column], the formulas turned round.
      const int place = (k % 8) / 2, left = (k & 1) + (row >= 8 ? 2 : 0) + (k >= 8 ? 4 : 0);
      const int right = (k & 1) + (k >= 8 ? 2 : 0);
      const uint32_t a_word = words[(row % 8) * 4 + place][left / 2];
      const uint32_t b_word = words[column * 4 + place][4 + right / 2];
      total += number(a_word, left % 2) * number(b_word, right % 2);
    }
    sum[i] = total;
  }
}

uint32_t pack(float first, float second) {
  return rounded(first) | rounded(second) << 16;
}

float from_lane_xor(float value, int mask) {
  return std::bit_cast<float>(exchange({std::bit_cast<uint32_t>(value)})[lane() ^ mask][0]);
}

float from_lane(float value, int source) {
  return std::bit_cast<float>(exchange({std::bit_cast<uint32_t>(value)})[source][0]);
}

void run_grid(const std::function<void()>& thread, dim3 grid, int threads, int shared_bytes) {
  gridDim = grid;
  blockDim = dim3(threads);
  block.run = &thread;
  if (block.threads.size() < static_cast<size_t>(threads)) block.threads.resize(threads);
  block.warps.resize(threads / kLanes);
  block.memory = std::make_unique<char[]>(shared_bytes);
  block.bytes = shared_bytes;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        blockIdx = dim3(x, y, z);
        run_block(threads);
      }
    }
  }
}

}  // namespace lengthwise::cuda
