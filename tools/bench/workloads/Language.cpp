// Language.cpp - language models: recurrent, and transformers.
#include "../Workload.h"

namespace needle::bench {

namespace {

Tensor lossOf(const Tensor &logits, const Tensor &targets) {
  return nn::crossEntropy(reshape(logits, {-1, logits.dim(-1)}),
                          reshape(targets, {-1}));
}

// ---- LSTM ------------------------------------------------------------------
struct LstmSizes {
  int64_t vocabulary, embedding, hidden, layers, length, batch;
};

struct LstmModel : nn::Module {
  explicit LstmModel(const LstmSizes &s)
      : embedding(child<nn::Embedding>("embedding", s.vocabulary, s.embedding)),
        lstm(child<nn::LSTM>("lstm", s.embedding, s.hidden,
                             nn::LstmOptions{.layers = s.layers})),
        out(child<nn::Linear>("out", s.hidden, s.vocabulary)) {}
  Tensor operator()(const Tensor &tokens) {
    return out(lstm(embedding(tokens)).first);
  }
  nn::Embedding &embedding;
  nn::LSTM &lstm;
  nn::Linear &out;
};

// A step of SGD with gradients clipped to norm 5.
Instance lstm(const LstmSizes &sizes) {
  struct Training {
    explicit Training(const LstmSizes &sizes)
        : model(sizes), optimizer(model.parameters(), {.learningRate = 1}) {}
    LstmModel model;
    optim::SGD optimizer;
  };
  auto training = std::make_shared<Training>(sizes);
  Training *t = training.get();
  auto step = [t](const Tensor &x, const Tensor &y) {
    Tensor loss = lossOf(t->model(x), y);
    std::vector<Tensor> gradients = grad(loss, t->optimizer.parameters());
    t->optimizer.apply(optim::clipByGlobalNorm(gradients, 5));
    return loss;
  };
  Shape shape{sizes.length, sizes.batch};
  return instanceOf(step, t->model.parameters(), training,
                    labels(shape, sizes.vocabulary),
                    labels(shape, sizes.vocabulary));
}

// ---- transformers ----------------------------------------------------------
struct Block : nn::Module {
  Block(int64_t size, int64_t heads)
      : heads(heads), norm1(child<nn::LayerNorm>("norm1", size)),
        norm2(child<nn::LayerNorm>("norm2", size)),
        project(child<nn::Linear>("project", size, 3 * size)),
        merge(child<nn::Linear>("merge", size, size)),
        up(child<nn::Linear>("up", size, 4 * size)),
        down(child<nn::Linear>("down", 4 * size, size)) {}
  Tensor operator()(const Tensor &x) {
    int64_t batch = x.dim(0), length = x.dim(1), size = x.dim(2);
    auto split = [&](const Tensor &part) {
      return swapAxes(reshape(part, {batch, length, heads, size / heads}), 1,
                      2);
    };
    std::vector<Tensor> parts = needle::split(project(norm1(x)), 3, -1);
    Tensor mixed = attention(split(parts[0]), split(parts[1]), split(parts[2]),
                             {.causal = true});
    Tensor y = x + merge(reshape(swapAxes(mixed, 1, 2), {batch, length, size}));
    return y + down(gelu(up(norm2(y)), {.approximate = true}));
  }
  int64_t heads;
  nn::LayerNorm &norm1, &norm2;
  nn::Linear &project, &merge, &up, &down;
};

// Gradients of mean(square(block(x))) by x and all parameters.
Instance block(int64_t size, int64_t heads, int64_t batch, int64_t length) {
  auto model = std::make_shared<Block>(size, heads);
  Block *b = model.get();
  auto gradients = [b](const Tensor &x) {
    std::vector<Tensor> wrt = {x};
    for (const Variable &parameter : b->parameters())
      wrt.push_back(parameter);
    return grad(mean(square((*b)(x))), wrt);
  };
  return instanceOf(gradients, {}, model, normal({batch, length, size}, 1));
}

struct GptSizes {
  int64_t vocabulary, size, heads, layers, batch, length;
};

struct Gpt : nn::Module {
  explicit Gpt(const GptSizes &s)
      : tokens(child<nn::Embedding>("tokens", s.vocabulary, s.size)),
        places(child<nn::Embedding>("places", s.length, s.size)),
        norm(child<nn::LayerNorm>("norm", s.size)),
        head(child<nn::Linear>("head", s.size, s.vocabulary,
                               nn::LinearOptions{.bias = false})) {
    for (int64_t i = 0; i < s.layers; ++i)
      blocks.push_back(
          &child<Block>("block" + std::to_string(i), s.size, s.heads));
  }
  Tensor operator()(const Tensor &x) {
    Tensor y = tokens(x) + places.weight;
    for (Block *block : blocks)
      y = (*block)(y);
    return head(norm(y));
  }
  nn::Embedding &tokens, &places;
  nn::LayerNorm &norm;
  nn::Linear &head;
  std::vector<Block *> blocks;
};

// A step with AdamW.
Instance gpt(const GptSizes &sizes) {
  struct Training {
    explicit Training(const GptSizes &sizes)
        : model(sizes), optimizer(model.parameters(),
                                  {.learningRate = 3e-4, .weightDecay = 1e-2}) {
    }
    Gpt model;
    optim::AdamW optimizer;
  };
  auto training = std::make_shared<Training>(sizes);
  Training *t = training.get();
  auto step = [t](const Tensor &x, const Tensor &y) {
    Tensor loss = lossOf(t->model(x), y);
    t->optimizer.step(loss);
    return loss;
  };
  Shape shape{sizes.batch, sizes.length};
  return instanceOf(step, t->model.parameters(), training,
                    labels(shape, sizes.vocabulary),
                    labels(shape, sizes.vocabulary));
}

} // namespace

std::vector<Workload> languageWorkloads() {
  return {{"lstm",
           [] {
             return lstm({10000, 200, 200, 2, 35, 20});
           },
           [] {
             return lstm({50, 12, 10, 2, 7, 3});
           }},
          {"lstm_tiny",
           [] {
             return lstm({1000, 30, 10, 1, 40, 16});
           },
           [] {
             return lstm({30, 5, 4, 1, 9, 3});
           }},
          {"gpt_block", [] { return block(768, 12, 2, 512); },
           [] { return block(24, 3, 2, 9); }},
          {"gpt_small",
           [] {
             return gpt({256, 128, 4, 4, 8, 128});
           },
           [] {
             return gpt({31, 16, 2, 2, 2, 7});
           }}};
}

} // namespace needle::bench
