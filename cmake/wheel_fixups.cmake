# Two repairs for ROS 2 from PyPI wheels, both no-ops on an apt ROS 2.
#
# 1. The wheels export <pkg>__rosidl_generator_py targets whose include path is that of the machine that built the
#    wheel: include folders that do not exist are dropped.
# 2. Where .venv lies inside the source tree, CMake refuses to export our own target, since numpy's include folder is
#    then "prefixed in the source directory": such folders are kept for the build only.
function(_wam_ros_fix_include_directories target)
  get_target_property(_include_directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT _include_directories)
    return()
  endif()
  get_target_property(_imported ${target} IMPORTED)
  set(_kept "")
  foreach(_directory IN LISTS _include_directories)
    if(_directory MATCHES "^\\$<")
      list(APPEND _kept "${_directory}")
    elseif(NOT _imported)
      list(APPEND _kept "$<BUILD_INTERFACE:${_directory}>")
    elseif(EXISTS "${_directory}")
      list(APPEND _kept "${_directory}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_kept}")
endfunction()

function(_wam_ros_fix_targets)
  get_property(_targets DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" PROPERTY IMPORTED_TARGETS)
  list(FILTER _targets INCLUDE REGEX "__rosidl_generator_py$")
  if(TARGET ${PROJECT_NAME}__rosidl_generator_py)
    list(APPEND _targets ${PROJECT_NAME}__rosidl_generator_py)
  endif()
  foreach(_target IN LISTS _targets)
    _wam_ros_fix_include_directories(${_target})
  endforeach()
endfunction()

cmake_language(DEFER CALL _wam_ros_fix_targets)
