// Reads what a shared object says of itself without loading it. Every offset of the file is
// distrusted. ELF: System V ABI, chapter 4 and 5.
#include <elf.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "library.h"

namespace tenon::backend {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
constexpr uint16_t kMachine = EM_NONE;
#endif

class File {
 public:
  explicit File(const std::string& path) : stream_(path, std::ios::binary | std::ios::ate) {
    if (stream_) size_ = static_cast<uint64_t>(stream_.tellg());
  }
  bool ok() const { return static_cast<bool>(stream_); }
  bool Has(uint64_t offset, uint64_t bytes) const {
    return offset <= size_ && bytes <= size_ - offset;
  }
  bool Read(uint64_t offset, void* out, uint64_t bytes) {
    if (!Has(offset, bytes)) return false;
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(
        stream_.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes)));
  }
  // Entry `index` of a table of the header (program headers, section headers).
  template <typename T>
  bool ReadEntry(uint64_t table, uint64_t entry_size, uint64_t index, T* out) {
    uint64_t offset = 0;
    return entry_size >= sizeof *out &&
           !__builtin_add_overflow(table, index * entry_size, &offset) &&
           Read(offset, out, sizeof *out);
  }

 private:
  std::ifstream stream_;
  uint64_t size_ = 0;
};

Result<Elf64_Ehdr> ReadHeader(const std::string& path, File& file) {
  if (!file.ok()) return Status(Code::kNotFound, path + ": no such file, or not readable");
  Elf64_Ehdr header{};
  if (!file.Read(0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return Status(Code::kIncompatible, path + ": not a shared object (no ELF header)");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      (kMachine != EM_NONE && header.e_machine != kMachine)) {
    return Status(Code::kIncompatible, path + ": built for another architecture (ELF machine " +
                                           std::to_string(header.e_machine) + ", this one is " +
                                           std::to_string(kMachine) + ")");
  }
  if (header.e_type != ET_DYN) {
    return Status(Code::kIncompatible, path + ": an ELF file, but not a shared object");
  }
  return header;
}

uint64_t RoundUp4(uint64_t size) { return (size + 3) / 4 * 4; }

// The descriptor of the note "Tenon", type 1, in a section's bytes.
bool FindNote(const std::vector<char>& notes, tenon_note* out_note) {
  uint64_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr note{};
    std::memcpy(&note, notes.data() + at, sizeof note);
    const uint64_t owner = at + sizeof note;
    const uint64_t descriptor = owner + RoundUp4(note.n_namesz);
    const uint64_t end = descriptor + RoundUp4(note.n_descsz);
    if (end > notes.size()) return false;
    if (note.n_type == 1 && note.n_namesz == 6 && note.n_descsz >= sizeof(tenon_note) &&
        std::memcmp(notes.data() + owner, "Tenon", 6) == 0) {
      std::memcpy(out_note, notes.data() + descriptor, sizeof *out_note);
      out_note->name[sizeof out_note->name - 1] = 0;
      out_note->version[sizeof out_note->version - 1] = 0;
      out_note->vendor[sizeof out_note->vendor - 1] = 0;
      return true;
    }
    at = end;
  }
  return false;
}

}  // namespace

Status CheckSharedObject(const std::string& library_path) {
  File file(library_path);
  TENON_ASSIGN(const Elf64_Ehdr header, ReadHeader(library_path, file));
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!file.ReadEntry(header.e_phoff, header.e_phentsize, i, &segment) ||
        (segment.p_type == PT_LOAD && !file.Has(segment.p_offset, segment.p_filesz))) {
      return Status(Code::kDataLoss, library_path + ": the file is cut off");
    }
  }
  return {};
}

Result<tenon_note> ReadNote(const std::string& library_path) {
  TENON_RETURN_IF_ERROR(CheckSharedObject(library_path));
  File file(library_path);
  TENON_ASSIGN(const Elf64_Ehdr header, ReadHeader(library_path, file));
  const Status cut(Code::kDataLoss, library_path + ": its section table is cut off");
  Elf64_Shdr names{};
  if (header.e_shnum &&
      !file.ReadEntry(header.e_shoff, header.e_shentsize, header.e_shstrndx, &names)) {
    return cut.Clone();
  }
  constexpr char kSection[] = ".note.tenon";
  constexpr uint64_t kLargest = 4096;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section{};
    if (!file.ReadEntry(header.e_shoff, header.e_shentsize, i, &section)) return cut.Clone();
    char name[sizeof kSection] = {};
    if (section.sh_size > kLargest || names.sh_offset > UINT64_MAX / 2 ||
        !file.Read(names.sh_offset + section.sh_name, name, sizeof name) ||
        std::memcmp(name, kSection, sizeof name) != 0) {
      continue;
    }
    std::vector<char> bytes(section.sh_size);
    tenon_note note{};
    if (!file.Read(section.sh_offset, bytes.data(), bytes.size()) || !FindNote(bytes, &note)) {
      return Status(Code::kDataLoss, library_path + ": its section .note.tenon is damaged");
    }
    return note;
  }
  return Status(Code::kNotFound, library_path +
                                     ": has no section .note.tenon: it is no backend, or "
                                     "its sources lack TENON_BACKEND_NOTE, or it was stripped");
}

}  // namespace tenon::backend
