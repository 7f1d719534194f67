// TfIdfVectorizer of integers: the pool's n-grams sorted, each n-gram of the input looked up.
#include <algorithm>
#include <vector>

#include "support/plan.h"

namespace tenon::operators {
namespace {

template <typename T>
class TfIdfPlan final : public KernelPlan {
 public:
  static PlanResult Make(const NodeView& node, Specs inputs, Specs outputs) {
    auto plan = std::make_unique<TfIdfPlan>(node, inputs, outputs);
    TENON_RETURN_IF_ERROR(plan->ReadPool(node));
    return Plan(std::move(plan));
  }
  TfIdfPlan(const NodeView& node, Specs inputs, Specs outputs)
      : shortest_(node.Int("min_gram_length", 1)),
        longest_(node.Int("max_gram_length", 1)),
        most_skips_(node.Int("max_skip_count", 0)),
        mode_(node.String("mode", "TF")),
        length_(inputs[0].shape[inputs[0].shape.rank() - 1]),
        rows_(inputs[0].shape.rank() == 2 ? inputs[0].shape[0] : 1),
        width_(outputs[0].shape[outputs[0].shape.rank() - 1]) {}

  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const T*>(arguments.inputs[0]);
    auto* y = static_cast<float*>(arguments.outputs[0]);
    ForElements(
        arguments.parallel, rows_,
        [=, this](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            std::fill_n(y + row * width_, width_, 0.0F);
            CountRow(x + row * length_, y + row * width_);
          }
        },
        1);
    return {};
  }

 private:
  struct Gram {
    std::span<const int64_t> items;
    int64_t column;
    size_t id;  // in the pool
  };
  // Elements of a row, `step` apart.
  struct Window {
    const T* first;
    int64_t step, size;
  };

  Status ReadPool(const NodeView& node) {
    if (node.Find("pool_int64s") == nullptr)
      return Unsupported(node, "has a pool of strings (the kernel takes integers)");
    if (mode_ != "TF" && mode_ != "IDF" && mode_ != "TFIDF")
      return Invalid(node, "mode is \"", mode_, "\" (expected TF, IDF or TFIDF)");
    if (shortest_ < 1 || longest_ < shortest_ || most_skips_ < 0 || longest_ > 1 << 16) {
      return Invalid(node, "min_gram_length, max_gram_length and max_skip_count are ",
                     std::to_string(shortest_), ", ", std::to_string(longest_), " and ",
                     std::to_string(most_skips_));
    }
    const auto pool = node.Ints("pool_int64s"), starts = node.Ints("ngram_counts"),
               columns = node.Ints("ngram_indexes");
    size_t id = 0;
    for (size_t i = 0; i < starts.size(); ++i) {
      const auto end = i + 1 < starts.size() ? starts[i + 1] : static_cast<int64_t>(pool.size());
      const auto size = static_cast<int64_t>(i) + 1;
      if (starts[i] < 0 || end < starts[i] || end > static_cast<int64_t>(pool.size()) ||
          (end - starts[i]) % size != 0) {
        return Invalid(node, "ngram_counts does not divide the pool into n-grams at ", size);
      }
      for (int64_t at = starts[i]; at < end; at += size, ++id) {
        if (id >= columns.size()) return Invalid(node, "ngram_indexes has less than the pool");
        if (size >= shortest_ && size <= longest_)
          grams_.push_back(
              {pool.subspan(static_cast<size_t>(at), static_cast<size_t>(size)), columns[id], id});
      }
    }
    // Of equal n-grams the last one counts.
    std::ranges::reverse(grams_);
    std::ranges::stable_sort(grams_, [](const Gram& a, const Gram& b) {
      return a.items.size() != b.items.size()
                 ? a.items.size() < b.items.size()
                 : std::ranges::lexicographical_compare(a.items, b.items);
    });
    if (const AttributeView* weights = node.Find("weights"); weights != nullptr)
      weights_ = weights->floats;
    if (weights_.empty() || weights_.size() == columns.size()) return {};
    return Invalid(node, "weights has ", static_cast<int64_t>(weights_.size()), " elements for ",
                   static_cast<int64_t>(columns.size()), " n-grams");
  }

  static bool ComesBefore(const Gram& gram, const Window& window) {
    if (const auto size = static_cast<int64_t>(gram.items.size()); size != window.size)
      return size < window.size;
    for (size_t i = 0; i < gram.items.size(); ++i) {
      const auto item = static_cast<int64_t>(window.first[static_cast<int64_t>(i) * window.step]);
      if (gram.items[i] != item) return gram.items[i] < item;
    }
    return false;
  }
  static bool IsSame(const Gram& gram, const Window& window) {
    if (static_cast<int64_t>(gram.items.size()) != window.size) return false;
    for (size_t i = 0; i < gram.items.size(); ++i) {
      if (gram.items[i] != window.first[static_cast<int64_t>(i) * window.step]) return false;
    }
    return true;
  }
  // Single items don't change with what is skipped: they count once.
  void CountRow(const T* x, float* y) const {
    for (int64_t step = 1; step - 1 <= most_skips_ && step <= std::max<int64_t>(1, length_);
         ++step) {
      const int64_t least = std::max<int64_t>(shortest_, step == 1 ? 1 : 2);
      for (int64_t first = 0; first < length_; ++first) {
        for (int64_t size = least; size <= longest_ && first + (size - 1) * step < length_; ++size)
          Look({x + first, step, size}, y);
      }
    }
  }
  // Of n-grams that share a column IDF shows the last one found.
  void Look(const Window& window, float* y) const {
    const auto found = std::lower_bound(grams_.begin(), grams_.end(), window, ComesBefore);
    if (found == grams_.end() || !IsSame(*found, window)) return;
    const float weight = weights_.empty() || mode_ == "TF" ? 1 : weights_[found->id];
    float& count = y[found->column];
    count = mode_ == "IDF" ? weight : count + weight;
  }

  int64_t shortest_, longest_, most_skips_;
  std::string_view mode_;
  int64_t length_, rows_, width_;
  std::vector<Gram> grams_;  // shorter ones first, then in the order of their items
  std::span<const float> weights_;
};

PlanResult PlanTfIdf(const NodeView& node, Specs inputs, Specs outputs) {
  if (inputs[0].type == DataType::kInt32) return TfIdfPlan<int32_t>::Make(node, inputs, outputs);
  return TfIdfPlan<int64_t>::Make(node, inputs, outputs);
}

constexpr Kernel kRows[] = {
    {"", "TfIdfVectorizer", 9, 9, TypeList<int32_t, int64_t>::kMask, PlanTfIdf, 0}};

}  // namespace

KernelRows ref_tfidf_vectorizer_rows() { return kRows; }

}  // namespace tenon::operators
