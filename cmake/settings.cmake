# How everything in this project is compiled. Directory-wide, so that none of it reaches a consumer of omg::omg.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Private headers are included by their place under src: "statistics/recorder.hpp".
include_directories(${PROJECT_SOURCE_DIR}/src)

# Packagers, whose compilers may warn of more than ours: -D CMAKE_COMPILE_WARNING_AS_ERROR=OFF.
if(NOT DEFINED CMAKE_COMPILE_WARNING_AS_ERROR)
  set(CMAKE_COMPILE_WARNING_AS_ERROR ${PROJECT_IS_TOP_LEVEL})
endif()

# The source decides the bits: `fma` stands where a fused operation is meant, and nowhere else is one made. Nobody reads
# errno or the floating-point flags, and square roots vectorise without them.
add_compile_options(
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wno-unknown-pragmas;-ffp-contract=off;-fno-math-errno;-fno-trapping-math>"
)

# GCC 12 sees an overlap in "text" + std::to_string(…) that is not there (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()

# Null pointers and misaligned SIMD registers fault by themselves; checks of them would be most of the time of compilation.
if(OMG_SANITIZE)
  add_compile_options(
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${OMG_SANITIZE};-fno-sanitize=null,alignment;-fno-sanitize-recover=all;-fno-omit-frame-pointer>"
  )
  add_link_options(-fsanitize=${OMG_SANITIZE})
endif()
