#pragma once

#include <cstdint>

namespace lengthwise {

class OptionSet;
struct QueryFactorEntry;

struct LogNOptions {
  int64_t length = 0;  // 0: model.train_length

  void declare(OptionSet& options);
};

struct LogNLearnedOptions {
  double initial = 1;

  void declare(OptionSet& options);
};

struct SsmaxOptions {
  double initial = 0.43;

  void declare(OptionSet& options);
};

struct LogAOptions {
  int64_t a = 0;  // 0: model.train_length

  void declare(OptionSet& options);
};

/// ln n / ln L of the n keys that a query sees, L the length trained at: what keeps a softmax's
/// entropy as keys are added (Su 2021, kexue.fm/archives/8823; Chiang and Cholak 2022, 2202.12172).
/// 0 at the first token, which sees one key and attends to it whatever the factor.
extern const QueryFactorEntry kLogN;
/// The same where it is above 1, and 1 up to L keys: for a model that was trained without it.
extern const QueryFactorEntry kLogNBeyond;
/// s ln n / ln L with s learned for each head of each layer, as the baseline of 2505.17083.
extern const QueryFactorEntry kLogNLearned;
/// s ln n, which is a softmax to the base n^s (Nakanishi 2025, 2501.19399), s learned for each head
/// of each layer; the paper's figure 1 finds 0.43.
extern const QueryFactorEntry kSsmax;
/// log_a(i + a) of the place i = 0, 1, ... (2601.22156, equation 11): 1 at the first token. There a
/// is fitted after training, by the loss on longer text.
extern const QueryFactorEntry kLogA;

}  // namespace lengthwise
