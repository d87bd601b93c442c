# The installed package: find_package(omg) gives the target omg::omg.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/omg)

install(
  TARGETS omg_library omg_settings ${libraries}
  EXPORT omgTargets
  FILE_SET HEADERS)
install(EXPORT omgTargets NAMESPACE omg:: DESTINATION ${package_folder})

configure_package_config_file(cmake/omgConfig.cmake.in omgConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(omgConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/omgConfig.cmake ${PROJECT_BINARY_DIR}/omgConfigVersion.cmake
        DESTINATION ${package_folder})
