// What the program and its libraries hold of their own files, once everything has been started.
//
// Invariants
// - Only segments that nobody may write to are touched, of objects without relocations in their
//   code: what is let go can be mapped again from the file as it was. A breakpoint of a debugger
//   is lost, nothing else.
// - The dynamic linker's list is locked meanwhile: no library is unmapped, and none of those that
//   are just being loaded is seen before its segments are in place.
// - Segments are cut into slices that the kernel keeps apart, for the life of the process; the
//   first one, with the object's head, stays in core dumps.
//
// Why: reading and checking a configuration, opening the journal and the first handshake walk
// through megabytes of code that ten years of polling never see again.
//
// Why slices: where a page of a file is missing, the kernel maps 64 KB around it at once, and what
// steady polling needs lies scattered: five bytes of six came back unasked (measured). It never
// maps beyond a mapping's end, and neighbours of unlike advice are mappings of their own.
//
// Why not by /proc/self/smaps: what it tells is over by the time it has been read. While another
// thread loaded a library (a name lookup does), the linker's own relocations were thrown away with
// what had been its read-only reservation a moment ago: a segmentation fault within a second of
// loading and unloading (measured).

import CLinux
import Glibc

/// The mapped part of the program's own files.
public enum ProgramMemory {
  /// The least length of a slice: two pages. A gateway's 25 MB of code and constants make about
  /// 3,200 mappings of the 65,530 that the kernel allows (vm.max_map_count).
  static let sliceBytes = 8192
  /// The most slices of one segment; those of a segment beyond 32 MiB are longer.
  static let slicesPerSegment = 4096

  /// Lets go of code and constants; what is needed again comes back from the page cache.
  ///
  /// Wraps madvise(2) over what dl_iterate_phdr(3) shows.
  public static func giveBack() { _ = takt_each_object(giveBackSegments) }
}

/// Lets go of the read-only segments of one object; 0 goes on to the next.
private nonisolated func giveBackSegments(
  _ object: UnsafePointer<takt_object>?, _ size: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  guard let object = object?.pointee, isFile(object), let first = object.segments else { return 0 }
  let segments = UnsafeBufferPointer(start: first, count: Int(object.count))
  guard !hasRelocatedCode(object, segments) else { return 0 }
  for segment in segments where segment.p_type == PT_LOAD && segment.p_flags & writable == 0 {
    let start = UInt(object.base) &+ UInt(segment.p_vaddr)
    let memory = UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: start), count: Int(clamping: segment.p_memsz))
    slice(memory)
    HeapMemory.empty(memory)
  }
  return 0
}

/// Advises every other slice differently; what has been sliced before stays as it is.
///
/// Wraps madvise(2) with MADV_DONTDUMP, which means nothing to pages of a file that core(5) leaves
/// out anyway. Refused (the kernel's limit of mappings), the rest stays whole.
private func slice(_ memory: UnsafeMutableRawBufferPointer) {
  guard let start = memory.baseAddress else { return }
  let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  let share = memory.count / ProgramMemory.slicesPerSegment
  let length = (max(ProgramMemory.sliceBytes, share) + page - 1) / page * page
  let address = Int(bitPattern: start)
  let end = (address + memory.count) / page * page
  var first = (address + page - 1) / page * page + length
  while first < end {
    let count = min(length, end - first)
    guard madvise(start + (first - address), count, MADV_DONTDUMP) == 0 else { return }
    first += 2 * length
  }
}

/// PF_W of elf(5), a shifted macro that Swift does not import.
private let writable: UInt32 = 2
/// DF_TEXTREL of elf(5).
private let relocatedCode: UInt64 = 4

/// The program itself has no name; what the kernel maps into every process has no path.
private func isFile(_ object: takt_object) -> Bool {
  guard let name = object.name else { return false }
  return name[0] == 0 || name[0] == CChar(UInt8(ascii: "/"))
}

/// Whether the linker has written into segments that are read-only now.
private func hasRelocatedCode(
  _ object: takt_object, _ segments: UnsafeBufferPointer<Elf64_Phdr>
) -> Bool {
  guard let segment = segments.first(where: { $0.p_type == PT_DYNAMIC }),
    var entry = UnsafePointer<Elf64_Dyn>(
      bitPattern: UInt(object.base) &+ UInt(segment.p_vaddr))
  else { return false }
  while entry.pointee.d_tag != DT_NULL {
    if entry.pointee.d_tag == DT_TEXTREL { return true }
    if entry.pointee.d_tag == DT_FLAGS, entry.pointee.d_un.d_val & relocatedCode != 0 {
      return true
    }
    entry += 1
  }
  return false
}
