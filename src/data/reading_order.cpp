#include "data/reading_order.h"

#include <numeric>

#include <utility>

#include "base/error.h"
#include "data/dataset.h"

namespace lengthwise {

std::string resolve_first_token(const std::string& wanted, const Dataset& dataset) {
  if (wanted == "eos" && !dataset.start_token) {
    fail(
        "evaluation.first_token: eos, but the vocabulary of {} has no end-of-line token; set "
        "none or previous",
        dataset.name);
  }
  if (wanted == "previous" && dataset.ideal_nats) {
    fail(
        "evaluation.first_token: previous does not fit {}, whose exact reader knows one document "
        "at a time; set none",
        dataset.name);
  }
  if (wanted != "vocabulary") return wanted;
  return dataset.start_token ? "eos" : "none";
}

ReadingOrder::ReadingOrder(TokenStream stream, const std::string& first_token,
                           std::optional<int64_t> start_token)
    : stream_(std::move(stream)) {
  for (const Document& document : stream_.documents()) {
    std::optional<int64_t> lead;
    if (first_token == "previous" && document.begin > 0) {
      lead = stream_[document.begin - 1];
    } else if (first_token != "none") {
      lead = start_token;
    }
    leads_.push_back(lead);
  }
}

int64_t ReadingOrder::token(int64_t document, int64_t place) const {
  const auto& lead = leads_[static_cast<size_t>(document)];
  return lead && place == 0 ? *lead : stream_[stream_position(document, place)];
}

int64_t ReadingOrder::stream_position(int64_t document, int64_t place) const {
  const int64_t begin = stream_.documents()[static_cast<size_t>(document)].begin;
  return begin + place - (leads(document) ? 1 : 0);
}

std::vector<int64_t> ReadingOrder::document_targets() const {
  std::vector<int64_t> targets;
  for (size_t i = 0; i < leads_.size(); ++i) {
    targets.push_back(stream_.documents()[i].size() - (leads_[i] ? 0 : 1));
  }
  return targets;
}

TextSize ReadingOrder::text_of(int64_t scored_targets) const {
  const auto targets = document_targets();
  if (scored_targets < std::accumulate(targets.begin(), targets.end(), int64_t{0})) return {};
  TextSize text;
  for (size_t i = 0; i < leads_.size(); ++i) {
    const Document& document = stream_.documents()[i];
    text.bytes += document.bytes - (leads_[i] ? 0 : document.first_token_bytes);
    text.words += document.words;
    if (!document.unknown || !text.unknown_tokens) {
      text.unknown_tokens.reset();
      text.spelling_nats = 0;
      continue;
    }
    const bool first_is_read_only = !leads_[i] && document.unknown->first_token_nats > 0;
    *text.unknown_tokens += document.unknown->tokens - (first_is_read_only ? 1 : 0);
    text.spelling_nats +=
        document.unknown->nats - (leads_[i] ? 0 : document.unknown->first_token_nats);
  }
  return text;
}

}  // namespace lengthwise
