// Reads, writes and loads code images. See code_image.h for the format's meaning.
//
// Serialised, all little-endian: a FileHeader, then the code, the fixups, the imports (a 32-bit
// length and the name, each) and the metadata.
#include "runtime/cpu/code_image.h"

#include "runtime/cpu/code_arena.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace cudapy::runtime {
namespace {

constexpr uint64_t kMagic = 0x474d495950445543;  // "CUDPYIMG"
constexpr uint32_t kFormatVersion = 1;

struct FileHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t machine;
  uint64_t entry_offset;
  uint64_t code_size;
  uint64_t fixup_count;
  uint64_t import_count;
  uint64_t metadata_size;
};
static_assert(sizeof(FileHeader) == 56);

struct FileFixup {
  uint64_t offset;
  int64_t addend;
  uint32_t import;
  uint32_t padding;
};
static_assert(sizeof(FileFixup) == 24);

void append(std::vector<uint8_t>& bytes, const void* data, size_t size) {
  const auto* first = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

// Takes bytes off the front of a span, and knows when there are too few.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  // Empty, and failed() from then on, if fewer than `size` are left.
  std::span<const uint8_t> take(uint64_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  template <typename T>
  T take_struct() {
    T value{};
    const auto taken = take(sizeof(T));
    if (!taken.empty()) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }

  bool failed() const { return failed_; }
  size_t left() const { return rest_.size(); }

 private:
  std::span<const uint8_t> rest_;
  bool failed_ = false;
};

bool fixup_is_sound(const ImageFixup& fixup, const CodeImage& image) {
  return fixup.offset % sizeof(uint64_t) == 0 &&
         fixup.offset + sizeof(uint64_t) <= image.code.size() &&
         fixup.offset + sizeof(uint64_t) > fixup.offset &&
         (fixup.import == ImageFixup::kImageBase || fixup.import < image.imports.size());
}

bool read_fixups(Reader& reader, uint64_t count, CodeImage& image) {
  for (uint64_t i = 0; i < count; ++i) {
    const auto read = reader.take_struct<FileFixup>();
    const ImageFixup fixup{read.offset, read.import, read.addend};
    if (reader.failed() || !fixup_is_sound(fixup, image)) return false;
    image.fixups.push_back(fixup);
  }
  return true;
}

bool read_body(Reader& reader, const FileHeader& header, CodeImage& image) {
  const auto code = reader.take(header.code_size);
  const auto fixups = reader.take(header.fixup_count <= reader.left() / sizeof(FileFixup)
                                      ? header.fixup_count * sizeof(FileFixup)
                                      : UINT64_MAX);
  for (uint64_t i = 0; i < header.import_count && !reader.failed(); ++i) {
    const auto name = reader.take(reader.take_struct<uint32_t>());
    image.imports.emplace_back(name.begin(), name.end());
  }
  const auto metadata = reader.take(header.metadata_size);
  if (reader.failed() || reader.left() != 0 || header.entry_offset >= header.code_size)
    return false;
  image.code.assign(code.begin(), code.end());
  image.metadata.assign(metadata.begin(), metadata.end());
  Reader fixup_reader(fixups);
  return read_fixups(fixup_reader, header.fixup_count, image);
}

}  // namespace

std::vector<uint8_t> serialize_image(const CodeImage& image) {
  const FileHeader header = {.magic = kMagic,
                             .version = kFormatVersion,
                             .machine = static_cast<uint32_t>(image.machine),
                             .entry_offset = image.entry_offset,
                             .code_size = image.code.size(),
                             .fixup_count = image.fixups.size(),
                             .import_count = image.imports.size(),
                             .metadata_size = image.metadata.size()};
  std::vector<uint8_t> bytes;
  bytes.reserve(sizeof header + image.code.size() + image.fixups.size() * sizeof(FileFixup) +
                image.imports.size() * 32 + image.metadata.size());
  append(bytes, &header, sizeof header);
  append(bytes, image.code.data(), image.code.size());
  for (const ImageFixup& fixup : image.fixups) {
    const FileFixup written = {fixup.offset, fixup.addend, fixup.import, 0};
    append(bytes, &written, sizeof written);
  }
  for (const std::string& name : image.imports) {
    const auto size = static_cast<uint32_t>(name.size());
    append(bytes, &size, sizeof size);
    append(bytes, name.data(), name.size());
  }
  append(bytes, image.metadata.data(), image.metadata.size());
  return bytes;
}

bool parse_image(std::span<const uint8_t> bytes, CodeImage& image, std::string& error) {
  image = {};
  Reader reader(bytes);
  const auto header = reader.take_struct<FileHeader>();
  if (reader.failed() || header.magic != kMagic) {
    error = "not a code image";
    return false;
  }
  if (header.version != kFormatVersion) {
    error = "code image of format version " + std::to_string(header.version) + ", expected " +
            std::to_string(kFormatVersion);
    return false;
  }
  image.machine = static_cast<ImageMachine>(header.machine);
  image.entry_offset = header.entry_offset;
  if (!read_body(reader, header, image)) {
    error = "damaged code image";
    return false;
  }
  return true;
}

LoadedCode load_image(const CodeImage& image, SymbolResolver resolve, std::string& error) {
  if (image.machine != kHostMachine) {
    error = "code image for another machine";
    return {};
  }
  std::vector<uint64_t> addresses;
  for (const std::string& name : image.imports) {
    const void* address = resolve(name);
    if (address == nullptr) {
      error = "compiled code needs '" + name + "', which the runtime does not provide";
      return {};
    }
    addresses.push_back(reinterpret_cast<uint64_t>(address));
  }

  LoadedCode loaded;
  loaded.base_ = allocate_code_pages(image.code.size());
  loaded.size_ = image.code.size();
  if (loaded.base_ != nullptr) {
    std::memcpy(loaded.base_, image.code.data(), image.code.size());
    for (const ImageFixup& fixup : image.fixups) {
      const uint64_t symbol = fixup.import == ImageFixup::kImageBase
                                  ? reinterpret_cast<uint64_t>(loaded.base_)
                                  : addresses[fixup.import];
      const uint64_t value = symbol + static_cast<uint64_t>(fixup.addend);
      std::memcpy(loaded.base_ + fixup.offset, &value, sizeof value);
    }
  }
  if (loaded.base_ == nullptr || !seal_code_pages(loaded.base_, loaded.size_)) {
    error = std::string("cannot map memory for compiled code: ") + std::strerror(errno);
    return {};
  }
  loaded.entry_ = loaded.base_ + image.entry_offset;
  loaded.metadata_ = image.metadata;
  return loaded;
}

LoadedCode load_image(std::span<const uint8_t> bytes, SymbolResolver resolve, std::string& error) {
  CodeImage image;
  if (!parse_image(bytes, image, error)) return {};
  return load_image(image, resolve, error);
}

LoadedCode::LoadedCode(LoadedCode&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      entry_(std::exchange(other.entry_, nullptr)),
      metadata_(std::move(other.metadata_)) {}

LoadedCode& LoadedCode::operator=(LoadedCode&& other) noexcept {
  if (this != &other) {
    release();
    base_ = std::exchange(other.base_, nullptr);
    size_ = std::exchange(other.size_, 0);
    entry_ = std::exchange(other.entry_, nullptr);
    metadata_ = std::move(other.metadata_);
  }
  return *this;
}

LoadedCode::~LoadedCode() {
  release();
}

void LoadedCode::release() noexcept {
  if (base_ != nullptr) release_code_pages(base_, size_);
  base_ = nullptr;
}

}  // namespace cudapy::runtime
