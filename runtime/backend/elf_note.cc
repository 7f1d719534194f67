// Reads what a shared object says of itself without loading it. Every offset of the file is distrusted.
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
  bool Read(uint64_t offset, void* out, uint64_t bytes) {
    if (offset > size_ || bytes > size_ - offset) return false;
    stream_.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(stream_.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes)));
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
  if (header.e_type != ET_DYN) return Status(Code::kIncompatible, path + ": an ELF file, but not a shared object");
  return header;
}

// The descriptor of the note "Tenon", type 1, in one segment's or section's bytes.
bool FindNote(const std::vector<char>& notes, tenon_note* out_note) {
  uint64_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr note{};
    std::memcpy(&note, notes.data() + at, sizeof note);
    const uint64_t owner = at + sizeof note;
    const uint64_t descriptor = owner + (uint64_t{note.n_namesz} + 3) / 4 * 4;
    const uint64_t end = descriptor + (uint64_t{note.n_descsz} + 3) / 4 * 4;
    if (end > notes.size()) return false;
    if (note.n_type == 1 && note.n_namesz == 6 && std::memcmp(notes.data() + owner, "Tenon", 6) == 0 &&
        note.n_descsz >= sizeof(tenon_note)) {
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
  Result<Elf64_Ehdr> header = ReadHeader(library_path, file);
  return header.ok() ? Status() : std::move(header).status();
}

Result<tenon_note> ReadNote(const std::string& library_path) {
  File file(library_path);
  TENON_ASSIGN(const Elf64_Ehdr header, ReadHeader(library_path, file));
  constexpr uint64_t kLargest = 1 << 20;
  for (uint32_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section{};
    if (header.e_shentsize < sizeof section ||
        !file.Read(header.e_shoff + uint64_t{i} * header.e_shentsize, &section, sizeof section)) {
      return Status(Code::kDataLoss, library_path + ": its section table is cut off");
    }
    if (section.sh_size > kLargest || section.sh_type == SHT_NOBITS) continue;
    if (section.sh_type != SHT_NOTE && section.sh_type != SHT_PROGBITS) continue;
    std::vector<char> bytes(section.sh_size);
    tenon_note note{};
    if (file.Read(section.sh_offset, bytes.data(), bytes.size()) && FindNote(bytes, &note)) return note;
  }
  return Status(Code::kNotFound, library_path + ": has no note section .note.tenon; it is no backend, or was stripped");
}

}  // namespace tenon::backend
