#include "position/file/scheme_operators.h"

#include <algorithm>

#include "base/text.h"

namespace lengthwise {
namespace {

/// Of aten. A name here allows its form in place too.
constexpr std::string_view kArithmetic =
    "abs absolute acos acosh add addcdiv addcmul addmm addmv addr amax amin aminmax angle arccos "
    "arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin asin asinh atan atan2 atanh "
    "baddbmm bmm bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
    "bitwise_xor bucketize ceil celu clamp clamp_max clamp_min clip conv1d copysign corrcoef cos "
    "cosh cosine_similarity cross cummax cummin cumprod cumsum cumulative_trapezoid deg2rad det "
    "diff "
    "digamma dist div divide dot einsum elu eq erf erfc erfinv exp exp2 expm1 fabs factorial "
    "float_power floor floor_divide floordiv fmax fmin fmod frac gamma gcd ge gelu glu greater "
    "greater_equal gt hardshrink hardsigmoid hardswish hardtanh heaviside hypot i0 igamma inner "
    "inverse isclose isfinite isinf isnan kron kthvalue ldexp le leaky_relu lerp less less_equal "
    "lgamma linear log log10 log1p log2 log_sigmoid log_softmax logaddexp logaddexp2 logcumsumexp "
    "logical_and logical_not logical_or logical_xor logit logsumexp lt mathremainder matmul "
    "matrix_exp matrix_power max maximum mean median min minimum mish mm modf mul multi_dot "
    "multiply mv mvlgamma nan_to_num nanmean nansum ne neg negative norm not_equal outer "
    "polygamma positive pow prelu prod quantile rad2deg radians degrees reciprocal relu relu6 "
    "remainder round rsqrt rsub searchsorted selu sgn sigmoid sign signbit silu sin sinc sinh "
    "softmax softplus softshrink sqrt square std std_mean sub subtract sum tan tanh tensordot "
    "threshold topk trace trapezoid tril triu true_divide trunc var var_mean vdot xlogy "
    "layer_norm rms_norm group_norm avg_pool1d max_pool1d";

constexpr std::string_view kShapes =
    "argsort atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors broadcast_to "
    "cartesian_prod cat chunk column_stack combinations concat concatenate contiguous diag "
    "diag_embed diagonal dsplit dstack expand expand_as fill flatten flip fliplr flipud gather "
    "hsplit hstack index index_add index_copy index_fill index_put index_select isin is_contiguous "
    "masked_fill masked_scatter masked_select meshgrid movedim moveaxis narrow nonzero "
    "pad permute ravel repeat repeat_interleave reshape reshape_as roll rot90 scatter scatter_add "
    "scatter_reduce select slice sort split split_with_sizes squeeze stack swapaxes swapdims t "
    "take take_along_dim tensor_split tile transpose tril_indices triu_indices unbind unflatten "
    "unfold unique_consecutive unsqueeze view view_as vstack where embedding one_hot clone detach "
    "copy_ mT adjoint";

constexpr std::string_view kMakers =
    "arange as_tensor eye full full_like linspace logspace new_full new_ones new_tensor new_zeros "
    "ones ones_like scalar_tensor tensor zeros zeros_like zero to type_as bincount histc "
    "kaiser_window hann_window hamming_window bartlett_window blackman_window";

constexpr std::string_view kQuestions =
    "all any allclose dim equal is_floating_point is_nonzero item len list numel count_nonzero "
    "size device dtype Bool Float FloatImplicit Int IntImplicit ScalarImplicit Complex "
    "is_complex tolist result_type finfo";

/// Of Python's own types, as the compiler spells them.
constexpr std::string_view kLanguage =
    "__and__ __or__ __xor__ __not__ __is__ __isnot__ __contains__ __getitem__ __range_length "
    "__derive_index __round_to_zero_floordiv _set_item append extend insert pop reverse clear "
    "remove copy keys values items get setdefault update Delete format str ord chr lower upper "
    "strip join startswith endswith replace find hex oct bin "
    "__lshift__ __rshift__ __iand__ __ior__ __ixor__ dict count";

constexpr std::string_view kSpecial =
    "special_bessel_j0 special_bessel_j1 special_digamma special_entr special_erf special_erfc "
    "special_erfcx special_erfinv special_exp2 special_expit special_expm1 special_gammainc "
    "special_gammaincc special_gammaln special_i0 special_i0e special_i1 special_i1e "
    "special_legendre_polynomial_p special_chebyshev_polynomial_t special_log1p special_log_ndtr "
    "special_log_softmax special_logit special_logsumexp special_modified_bessel_i0 "
    "special_modified_bessel_k0 special_multigammaln special_ndtr special_ndtri "
    "special_polygamma special_psi special_round special_sinc special_softmax special_xlog1py "
    "special_xlogy special_zeta linalg_norm linalg_vector_norm linalg_matrix_norm linalg_inv "
    "linalg_det linalg_matrix_power linalg_multi_dot linalg_solve linalg_qr linalg_cross "
    "linalg_matrix_exp linalg_vander linalg_diagonal linalg_vecdot";

constexpr std::string_view kRandom =
    "rand rand_like randn randn_like randint randint_like randperm normal bernoulli uniform_ "
    "normal_ multinomial exponential_ random_ trunc_normal_ bernoulli_ cauchy_ log_normal_ "
    "geometric_ new_normal";

/// What the compiler makes of statements; of tasks, files and output it holds nothing.
constexpr std::string_view kPrim =
    "Constant If Loop Return ListConstruct ListUnpack TupleConstruct TupleUnpack TupleIndex "
    "TupleSlice DictConstruct Uninitialized RaiseException NumToTensor CallFunction "
    "unchecked_cast unchecked_unwrap_optional device dtype is_cuda is_cpu layout min max abs "
    "rangelist tolist isinstance shape range";

bool stands_in(std::string_view list, std::string_view name) {
  for (size_t at = list.find(name); at != std::string_view::npos; at = list.find(name, at + 1)) {
    const bool begins = at == 0 || list[at - 1] == ' ';
    const size_t end = at + name.size();
    if (begins && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

constexpr std::string_view kAten[] = {kArithmetic, kShapes,  kMakers, kQuestions,
                                      kLanguage,   kSpecial, kRandom};

bool is_allowed_aten(std::string_view name) {
  const bool in_place = name.ends_with('_') && !name.ends_with("__");
  return std::ranges::any_of(kAten, [&](std::string_view list) {
    return stands_in(list, name) ||
           (in_place && list != kLanguage && stands_in(list, name.substr(0, name.size() - 1)));
  });
}

constexpr std::string_view kAtenPrefix = "aten::", kPrimPrefix = "prim::";

}  // namespace

bool is_allowed_operator(std::string_view name) {
  if (name.starts_with(kAtenPrefix)) return is_allowed_aten(name.substr(kAtenPrefix.size()));
  return name.starts_with(kPrimPrefix) && stands_in(kPrim, name.substr(kPrimPrefix.size()));
}

bool draws_random_numbers(std::string_view name) {
  return name.starts_with(kAtenPrefix) && stands_in(kRandom, name.substr(kAtenPrefix.size()));
}

std::vector<std::string> allowed_torch_names() {
  std::vector<std::string> names;
  for (const std::string_view list : {kArithmetic, kShapes, kMakers, kRandom}) {
    for (std::string& name : split(list)) names.push_back(std::move(name));
  }
  return names;
}

const std::string_view kSchemePrelude = R"(
def functional_embedding(input, weight):
    return torch.embedding(weight, input)
def functional_gelu(input, approximate: str = "none"):
    return torch.gelu(input, approximate=approximate)
def functional_logsigmoid(input):
    return torch.log_sigmoid(input)
def functional_normalize(input, p: float = 2.0, dim: int = 1, eps: float = 1e-12):
    return input / input.norm(p, [dim], True).clamp_min(eps)
def functional_softmin(input, dim: int):
    return torch.softmax(-input, dim)
def functional_softsign(input):
    return input / (1 + input.abs())
def functional_tanhshrink(input):
    return input - input.tanh()
def math_exp2(x: float) -> float:
    return 2.0 ** x
def math_log2(x: float) -> float:
    return math.log(x) / 0.6931471805599453
def math_hypot(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)
)";

}  // namespace lengthwise
