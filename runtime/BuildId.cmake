# BuildId.cmake - writes OUTPUT, which defines buildId(): a hash of the files
# listed in SOURCES (one a line) and of FLAGS.
file(STRINGS ${SOURCES} files)
set(all "${FLAGS}")
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND all " ${hash}")
endforeach()
string(SHA256 id "${all}")
string(SUBSTRING ${id} 0 32 id)
file(WRITE ${OUTPUT} "#include \"needle/runtime/BuildId.h\"
std::string_view needle::runtime::buildId() { return \"${id}\"; }
")
