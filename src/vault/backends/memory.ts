// The reference backend: a map. What the contract suite asks of it, it asks of every other.
import type { Backend, FileKind } from '../backend.ts'
import { fileMissing, fileTooShort } from '../codes.ts'

export function memoryBackend(): Backend {
  const files = new Map<FileKind, Map<string, Buffer>>()
  const ofKind = (kind: FileKind): Map<string, Buffer> => {
    const known = files.get(kind) ?? new Map<string, Buffer>()
    files.set(kind, known)
    return known
  }
  return {
    where: 'memory',
    async put(kind, name, parts) {
      ofKind(kind).set(name, Buffer.concat(parts))
    },
    async read(kind, name, range) {
      const content = ofKind(kind).get(name)
      if (!content) throw fileMissing(kind, name)
      if (!range) return Buffer.from(content)
      const end = range.offsetBytes + range.lengthBytes
      if (end > content.length) throw fileTooShort(kind, name, content.length, range)
      return Buffer.from(content.subarray(range.offsetBytes, end))
    },
    async list(kind) {
      return [...ofKind(kind)].map(([name, content]) => ({ name, sizeBytes: content.length }))
    },
    names: async (kind) => [...ofKind(kind).keys()],
    async remove(kind, name) {
      ofKind(kind).delete(name)
    },
  }
}
