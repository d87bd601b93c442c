# Texts that the library carries within itself: the headers and kernels that are compiled at run time.
#
#   omg_embed(OUTPUT file.cpp FILES a.hpp b.cu …)
#
# writes, when the project is built, a source file that defines omg::embedded_files() (see
# src/user/embedded.hpp). Run with `cmake -P` this file is the step that does it.

if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.25)
  set(entries "")
  set(digests "")
  foreach(file IN LISTS FILES)
    file(READ ${ROOT}/${file} text)
    # Headers are named as the sources include them.
    string(REGEX REPLACE "^(include|src)/" "" name ${file})
    string(APPEND entries "      {\"${name}\", R\"omg~(${text})omg~\"},\n")
    string(SHA256 digest "${text}")
    string(APPEND digests "${name} ${digest}\n")
  endforeach()
  string(SHA256 digest "${digests}")
  file(WRITE ${OUTPUT}.new "#include \"user/embedded.hpp\"

namespace omg {

const std::vector<EmbeddedFile>& embedded_files() {
  static const std::vector<EmbeddedFile> files = {
${entries}  };
  return files;
}

std::string_view embedded_digest() { return \"${digest}\"; }

}  // namespace omg
")
  file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)
  return()
endif()

function(omg_embed)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUTPUT" "FILES")
  list(TRANSFORM arg_FILES PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE depends)
  add_custom_command(
    OUTPUT ${arg_OUTPUT}
    COMMAND ${CMAKE_COMMAND} -D "ROOT=${PROJECT_SOURCE_DIR}" -D "OUTPUT=${arg_OUTPUT}" -D "FILES=${arg_FILES}" -P
            ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${depends} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the kernel sources"
    VERBATIM)
endfunction()
