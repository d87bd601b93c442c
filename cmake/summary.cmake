# What is being built, and what is not and why. src/cuda says of itself in the global property OMG_CUDA_STATUS how it is
# built or why it is missing.

get_property(cuda_status GLOBAL PROPERTY OMG_CUDA_STATUS)
list(JOIN OMG_CPU_INSTRUCTION_SETS ", " instruction_sets)
string(TOUPPER "${CMAKE_BUILD_TYPE}" configuration)
message(STATUS "omg ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE} (${CMAKE_CXX_FLAGS_${configuration}}), ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
message(STATUS "  backend reference: built")
message(STATUS "  backend cpu:       built for ${instruction_sets}")
message(STATUS "  backend cuda:      ${cuda_status}")
message(STATUS "  tests ${OMG_TESTS}, benchmarks ${OMG_BENCHMARKS}, examples ${OMG_EXAMPLES}, sanitizers: ${OMG_SANITIZE}")
