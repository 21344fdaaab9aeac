// The linker of code images. See link_image.h; relocation.h knows the encodings.
//
// The image: the object's loaded sections in their order, code first; stubs for imported functions
// that are called directly; the table of addresses.
#include "jit/link_image.h"

#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include "jit/relocation.h"

namespace cudapy::jit {
namespace {

using ElfFile = llvm::object::ELFFile<llvm::object::ELF64LE>;
namespace elf = llvm::ELF;
using runtime::CodeImage;
using runtime::ImageFixup;
using runtime::ImageMachine;

// Stays inside this file: link_image turns it into its error.
struct LinkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
T value_of(llvm::Expected<T> expected) {
  if (!expected) throw LinkError("malformed object: " + llvm::toString(expected.takeError()));
  return std::move(*expected);
}

// Where a symbol is: at an offset in the image, or outside.
struct SymbolPlace {
  bool imported = false;
  uint64_t offset = 0;
  std::string name;
};

struct Relocation {
  uint32_t type;
  uint64_t place;
  SymbolPlace symbol;
  int64_t addend;
};

class ImageLinker {
 public:
  ImageLinker(ElfFile object, CodeImage& image) : object_(std::move(object)), image_(image) {}

  void link(const std::string& entry) {
    image_.machine = machine();
    place_sections();
    read_relocations();
    make_table_and_stubs();
    for (const Relocation& relocation : relocations_) apply(relocation);
    image_.entry_offset = entry_offset(entry);
  }

 private:
  using Section = ElfFile::Elf_Shdr;
  using Symbol = ElfFile::Elf_Sym;

  ImageMachine machine() const {
    switch (object_.getHeader().e_machine) {
      case elf::EM_X86_64:
        return ImageMachine::kX86_64;
      case elf::EM_AARCH64:
        return ImageMachine::kAArch64;
      default:
        throw LinkError("object for an unknown machine");
    }
  }

  static uint64_t aligned(uint64_t offset, uint64_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
  }

  // Kernels never unwind and keep no state: unwind tables are dropped, writable sections refused,
  // but for those that only the loader writes.
  static bool is_kept(const Section& section, llvm::StringRef name) {
    if ((section.sh_flags & elf::SHF_ALLOC) == 0 || name.starts_with(".eh_frame")) return false;
    const bool constant =
        (section.sh_flags & elf::SHF_WRITE) == 0 || name.starts_with(".data.rel.ro");
    if (section.sh_size != 0 && (!constant || section.sh_type != elf::SHT_PROGBITS))
      throw LinkError("compiled code has a section '" + name.str() + "', which is not read-only");
    return section.sh_size != 0;
  }

  void place_sections() {
    const auto sections = value_of(object_.sections());
    section_offsets_.assign(sections.size(), kDropped);
    place_sections_if(sections,
                      [](const Section& s) { return (s.sh_flags & elf::SHF_EXECINSTR) != 0; });
    place_sections_if(sections,
                      [](const Section& s) { return (s.sh_flags & elf::SHF_EXECINSTR) == 0; });
  }

  template <typename Condition>
  void place_sections_if(llvm::ArrayRef<Section> sections, Condition wanted) {
    for (size_t i = 0; i < sections.size(); ++i) {
      const Section& section = sections[i];
      if (!wanted(section) || !is_kept(section, value_of(object_.getSectionName(section))))
        continue;
      const uint64_t alignment = std::max<uint64_t>(section.sh_addralign, 1);
      if (alignment > runtime::kImageAlignment) throw LinkError("section of too large alignment");
      image_.code.resize(aligned(image_.code.size(), alignment));
      section_offsets_[i] = image_.code.size();
      const auto contents = value_of(object_.getSectionContents(section));
      image_.code.insert(image_.code.end(), contents.begin(), contents.end());
    }
  }

  void read_relocations() {
    for (const Section& section : value_of(object_.sections())) {
      if (section.sh_type != elf::SHT_RELA || section.sh_info >= section_offsets_.size()) continue;
      const uint64_t start = section_offsets_[section.sh_info];
      if (start == kDropped) continue;
      const auto& symbols = *value_of(object_.getSection(section.sh_link));
      for (const auto& entry : value_of(object_.relas(section))) {
        const Symbol* symbol = value_of(object_.getRelocationSymbol(entry, &symbols));
        if (symbol == nullptr) throw LinkError("relocation without a symbol");
        relocations_.push_back({entry.getType(false), start + entry.r_offset,
                                place_of(*symbol, symbols), entry.r_addend});
      }
    }
  }

  SymbolPlace place_of(const Symbol& symbol, const Section& symbols) {
    const auto strings = value_of(object_.getStringTableForSymtab(symbols));
    const std::string name = value_of(symbol.getName(strings)).str();
    if (symbol.st_shndx == elf::SHN_UNDEF) return {true, 0, name};
    if (symbol.st_shndx >= section_offsets_.size() ||
        section_offsets_[symbol.st_shndx] == kDropped) {
      throw LinkError("compiled code refers to '" + name + "', which is not in the image");
    }
    return {false, section_offsets_[symbol.st_shndx] + symbol.st_value, name};
  }

  RelocationTarget target_of(const Relocation& relocation) const {
    return relocation_target(image_.machine, relocation.type);
  }

  uint32_t import_index(const std::string& name) {
    const auto found = std::ranges::find(image_.imports, name);
    if (found != image_.imports.end()) return static_cast<uint32_t>(found - image_.imports.begin());
    image_.imports.push_back(name);
    return static_cast<uint32_t>(image_.imports.size() - 1);
  }

  ImageFixup fixup(uint64_t word, const SymbolPlace& symbol, int64_t addend) {
    if (symbol.imported) return {word, import_index(symbol.name), addend};
    return {word, ImageFixup::kImageBase, static_cast<int64_t>(symbol.offset) + addend};
  }

  // Symbols inside the image are told apart by their place, imported ones by name.
  using Key = std::pair<uint64_t, std::string>;
  static Key key(const SymbolPlace& symbol) {
    return symbol.imported ? Key(0, symbol.name) : Key(symbol.offset, "");
  }

  bool needs_stub(const Relocation& relocation) const {
    return target_of(relocation) == RelocationTarget::kCall && relocation.symbol.imported;
  }

  void make_table_and_stubs() {
    image_.code.resize(aligned(image_.code.size(), kStubBytes));
    for (const Relocation& relocation : relocations_) {
      if (!needs_stub(relocation)) continue;
      if (stubs_.try_emplace(key(relocation.symbol), image_.code.size()).second)
        image_.code.resize(image_.code.size() + kStubBytes);
    }
    for (const Relocation& relocation : relocations_) {
      if (target_of(relocation) != RelocationTarget::kTableSlot && !needs_stub(relocation))
        continue;
      const uint64_t slot = image_.code.size();
      if (!slots_.try_emplace(key(relocation.symbol), slot).second) continue;
      image_.code.resize(slot + sizeof(uint64_t));
      image_.fixups.push_back(fixup(slot, relocation.symbol, 0));
    }
    for (const auto& [symbol, stub] : stubs_)
      write_stub(image_.machine, image_.code.data(), stub, slots_.at(symbol));
  }

  // The place that stands for the relocation's symbol.
  uint64_t target_place(const Relocation& relocation) const {
    const SymbolPlace& symbol = relocation.symbol;
    switch (target_of(relocation)) {
      case RelocationTarget::kTableSlot:
        return slots_.at(key(symbol));
      case RelocationTarget::kCall:
        return symbol.imported ? stubs_.at(key(symbol)) : symbol.offset;
      case RelocationTarget::kSymbol:
        if (!symbol.imported) return symbol.offset;
        throw LinkError("compiled code takes the place of imported '" + symbol.name + "'");
      case RelocationTarget::kAbsolute:
      case RelocationTarget::kUnsupported:
        break;
    }
    throw LinkError("compiled code needs relocation " +
                    relocation_name(image_.machine, relocation.type) + " against '" + symbol.name +
                    "', which images do not have");
  }

  void apply(const Relocation& relocation) {
    if (relocation.place + sizeof(uint64_t) > image_.code.size())
      throw LinkError("relocation outside its section");
    if (target_of(relocation) == RelocationTarget::kAbsolute) {
      if (relocation.place % sizeof(uint64_t) != 0) throw LinkError("misaligned absolute address");
      image_.fixups.push_back(fixup(relocation.place, relocation.symbol, relocation.addend));
      return;
    }
    const uint64_t value = target_place(relocation) + static_cast<uint64_t>(relocation.addend);
    if (!apply_relocation(image_.machine, relocation.type, image_.code.data(), relocation.place,
                          value))
      throw LinkError("compiled code is too large for its relocations");
  }

  uint64_t entry_offset(const std::string& entry) {
    for (const Section& section : value_of(object_.sections())) {
      if (section.sh_type != elf::SHT_SYMTAB) continue;
      const auto strings = value_of(object_.getStringTableForSymtab(section));
      for (const Symbol& symbol : value_of(object_.symbols(&section))) {
        if (symbol.st_shndx != elf::SHN_UNDEF && value_of(symbol.getName(strings)) == entry)
          return place_of(symbol, section).offset;
      }
    }
    throw LinkError("compiled code has no function '" + entry + "'");
  }

  static constexpr uint64_t kDropped = UINT64_MAX;

  ElfFile object_;
  CodeImage& image_;
  std::vector<uint64_t> section_offsets_;  // by section index, in the image
  std::vector<Relocation> relocations_;
  std::map<Key, uint64_t> stubs_;  // place of each
  std::map<Key, uint64_t> slots_;
};

}  // namespace

bool link_image(std::span<const char> object, const std::string& entry, CodeImage& image,
                std::string& error) {
  try {
    image.code.clear();
    image.fixups.clear();
    image.imports.clear();
    const llvm::StringRef bytes(object.data(), object.size());
    ImageLinker(value_of(ElfFile::create(bytes)), image).link(entry);
    return true;
  } catch (const LinkError& failure) {
    error = failure.what();
    return false;
  }
}

}  // namespace cudapy::jit
