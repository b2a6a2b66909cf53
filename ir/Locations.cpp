// Locations.cpp - the graph's places as MLIR locations, and back.
#include "needle/ir/Locations.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace needle::ir {

/// The file of a place that has only a line or a scope.
static constexpr StringLiteral unknownFile = "<unknown>";

DictionaryAttr attributeOf(Location place) {
  Builder b(place.getContext());
  NamedAttrList list;
  if (auto scope = dyn_cast<NameLoc>(place)) {
    list.append("scope", scope.getName());
    place = scope.getChildLoc();
  }
  if (auto file = dyn_cast<FileLineColLoc>(place)) {
    list.append("file", file.getFilename());
    list.append("line", b.getI64IntegerAttr(file.getLine()));
  }
  return list.getDictionary(b.getContext());
}

std::optional<Location> locationOf(mlir::Attribute attribute) {
  auto list = dyn_cast_or_null<DictionaryAttr>(attribute);
  auto file = list ? list.getAs<StringAttr>("file") : StringAttr();
  auto line = list ? list.getAs<IntegerAttr>("line") : IntegerAttr();
  if (!file || !line || !line.getType().isInteger(64) || line.getInt() < 0)
    return std::nullopt;
  Location loc = FileLineColLoc::get(file, unsigned(line.getInt()), 0);
  if (auto scope = list.getAs<StringAttr>("scope"))
    loc = NameLoc::get(scope, loc);
  return loc;
}

// ---- places to locations ----------------------------------------------------

LocationsFromPlaces::Table::Table(const std::vector<std::string> &from,
                                  MLIRContext *context)
    : used(from.size()) {
  for (const std::string &name : from)
    names.push_back(StringAttr::get(context, name));
}

StringAttr LocationsFromPlaces::Table::use(int32_t number) {
  if (!used[number]) {
    used[number] = true;
    ordered &= size_t(number) == next++;
  }
  return names[number];
}

LocationsFromPlaces::LocationsFromPlaces(MLIRContext *context,
                                         const Graph &graph)
    : context(context), files(graph.files, context),
      scopes(graph.scopes, context) {}

Location LocationsFromPlaces::from(const Place &place) {
  StringAttr file = size_t(place.file) < files.names.size()
                        ? files.use(place.file)
                        : StringAttr::get(context, unknownFile);
  Location loc = FileLineColLoc::get(file, place.line, 0);
  if (size_t(place.scope) < scopes.names.size())
    loc = NameLoc::get(scopes.use(place.scope), loc);
  return loc;
}

Location LocationsFromPlaces::from(ArrayRef<Place> places, const char *what,
                                   size_t number) {
  if (places.empty())
    return NameLoc::get(
        StringAttr::get(context, llvm::Twine(what) + " " + Twine(number)));
  if (places.size() == 1)
    return from(places.front());
  SmallVector<Location> locs;
  for (const Place &place : places)
    locs.push_back(from(place));
  return FusedLoc::get(context, locs);
}

// ---- locations to places ----------------------------------------------------

PlacesFromLocations::Table::Table(std::vector<std::string> &names)
    : names(names) {
  for (size_t number = 0; number < names.size(); ++number)
    numbers.try_emplace(names[number], int32_t(number));
}

int32_t PlacesFromLocations::Table::number(StringRef name) {
  auto [entry, inserted] = numbers.try_emplace(name, int32_t(names.size()));
  if (inserted)
    names.push_back(name.str());
  return entry->second;
}

PlacesFromLocations::PlacesFromLocations(Graph &graph)
    : files(graph.files), scopes(graph.scopes) {}

void PlacesFromLocations::append(Location loc, const std::string &scope,
                                 std::vector<Place> &places) {
  if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    Place place;
    if (file.getFilename() != unknownFile)
      place.file = files.number(file.getFilename());
    place.line = int32_t(file.getLine());
    if (!scope.empty())
      place.scope = scopes.number(scope);
    if (!llvm::is_contained(places, place))
      places.push_back(place);
  } else if (auto name = dyn_cast<NameLoc>(loc)) {
    // "grad: hidden" is the gradient of an op of the module "hidden".
    std::string inner = name.getName().str();
    append(name.getChildLoc(), scope.empty() ? inner : scope + ": " + inner,
           places);
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      append(part, scope, places);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    append(call.getCallee(), scope, places);
  }
}

std::vector<Place> PlacesFromLocations::from(Location loc) {
  std::vector<Place> places;
  append(loc, "", places);
  return places;
}

Place PlacesFromLocations::first(Location loc) {
  std::vector<Place> places = from(loc);
  return places.empty() ? Place() : places.front();
}

} // namespace needle::ir
