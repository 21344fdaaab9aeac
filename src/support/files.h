// Small text files and folders, by the system's calls. The streams and paths of the standard
// library would set up its locales when the core is loaded, which takes as long as a third of the
// loading.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cudapy {

// The whole of a file; none if it cannot be read.
std::optional<std::string> read_text(const std::string& path);

// False if not all could be written.
bool write_text(const std::string& path, std::string_view text);

bool is_regular_file(const std::string& path);

// Makes a folder and those above it; true if it is there afterwards.
bool make_folders(const std::string& path);

// Empty if the process has no working folder.
std::string working_folder();

// `path` from the root on; one that is relative starts at the working folder.
std::string absolute_path(const std::string& path);

// What stands before the last slash: "." for a bare name, "/" for what is in the root.
std::string parent_folder(const std::string& path);

// The pieces of a text between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);

// The pieces of a text between blanks, tabs and line ends.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace cudapy
