// Locations.h - the graph's places as MLIR locations, and back.
// train.cpp:41 in module "hidden" is NameLoc("hidden",
// FileLineColLoc(train.cpp, 41, 0)); several places are a FusedLoc; none is a
// NameLoc that says which part of the graph it was.
#pragma once

#include "needle/runtime/Graph.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace needle::ir {

/// A location of one place as {file, line, scope}: a location itself is no
/// attribute to keep, as MLIR prints an alias for it that it cannot parse.
mlir::DictionaryAttr attributeOf(mlir::Location place);
/// The inverse; none when `attribute` is no such dictionary.
std::optional<mlir::Location> locationOf(mlir::Attribute attribute);

/// Locations of one graph's places.
class LocationsFromPlaces {
public:
  LocationsFromPlaces(mlir::MLIRContext *context, const Graph &graph);

  /// `what` and `number` name the location when there is no place.
  mlir::Location from(llvm::ArrayRef<Place> places, const char *what,
                      size_t number);
  mlir::Location from(const Place &place);

  /// Whether the places met so far name all files (scopes) in the order of
  /// first use, so that they need not be written down.
  bool filesInOrder() const { return files.inOrder(); }
  bool scopesInOrder() const { return scopes.inOrder(); }

private:
  struct Table {
    explicit Table(const std::vector<std::string> &names,
                   mlir::MLIRContext *context);
    mlir::StringAttr use(int32_t number);
    bool inOrder() const { return ordered && next == names.size(); }
    llvm::SmallVector<mlir::StringAttr> names;
    llvm::SmallVector<bool> used;
    size_t next = 0;
    bool ordered = true;
  };

  mlir::MLIRContext *context;
  Table files, scopes;
};

/// The inverse; fills the graph's tables.
class PlacesFromLocations {
public:
  explicit PlacesFromLocations(Graph &graph);
  std::vector<Place> from(mlir::Location loc);
  /// The first place; the default one when there is none.
  Place first(mlir::Location loc);

private:
  struct Table {
    explicit Table(std::vector<std::string> &names);
    int32_t number(llvm::StringRef name);
    std::vector<std::string> &names;
    llvm::StringMap<int32_t> numbers;
  };

  void append(mlir::Location loc, const std::string &scope,
              std::vector<Place> &places);

  Table files, scopes;
};

} // namespace needle::ir
