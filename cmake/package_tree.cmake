# Two ways to a usable package. A wheel installs the two modules beside the Python files. A build
# folder holds <build>/python/cudapy, the modules beside links to the Python files of the checkout,
# so that <build>/python on the path is an editable install of just this configuration.
set(package_dir "${PROJECT_BINARY_DIR}/python/cudapy")

set(modules "")
foreach(target IN ITEMS _core cudapy_jit_module)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${package_dir}")
    list(APPEND modules ${target})
  endif()
endforeach()

if(SKBUILD)
  if(modules)
    install(TARGETS ${modules} LIBRARY DESTINATION cudapy)
  endif()
  return()
endif()

file(MAKE_DIRECTORY "${package_dir}")
file(GLOB entries CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/cudapy/*")
foreach(entry IN LISTS entries)
  cmake_path(GET entry FILENAME name)
  if(NOT name MATCHES "\\.so$|__pycache__")
    file(CREATE_LINK "${entry}" "${package_dir}/${name}" SYMBOLIC)
  endif()
endforeach()
