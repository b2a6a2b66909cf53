// Json.cpp - graphs from JSON: what is read is written and read again as it
// was.
#include "Fuzz.h"

#include "needle/runtime/Graph.h"
#include "needle/runtime/GraphKey.h"

using namespace needle;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Graph graph;
  if (!fuzz::survives(
          [&] { graph = fromJson(fuzz::textOf(data, size), "fuzz.json"); }))
    return 0;
  ++fuzz::accepted;
  std::string written = toJson(graph);
  Graph again = fromJson(written, "again.json");
  fuzz::require(again == graph, "the graph differs when read again");
  fuzz::require(toJson(again) == written, "its JSON differs");
  fuzz::require(runtime::programKey(again, "") ==
                    runtime::programKey(graph, ""),
                "its key differs");
  return 0;
}
