// Documents that nothing in the journal refers to any more. It reads every row that may refer to one, so it is for pruning alone.
import type { DatabaseSync } from 'node:sqlite'
import { documentsIn } from './encoding.ts'

/** Where values are stored, and with them references to documents. */
const VALUES = `
  SELECT inputs AS text FROM runs UNION ALL SELECT targets FROM runs UNION ALL SELECT pins FROM runs
  UNION ALL SELECT outcome FROM runs WHERE outcome IS NOT NULL
  UNION ALL SELECT body FROM events UNION ALL SELECT body FROM obligations UNION ALL SELECT body FROM checkpoints
  UNION ALL SELECT body FROM approvals UNION ALL SELECT answer FROM approvals WHERE answer IS NOT NULL`

/** Their hashes. `pinned` are those that runs are pinned to. */
export function unusedDocuments(database: DatabaseSync, pinned: Iterable<string>): readonly string[] {
  const used = new Set<string>()
  const waiting = [...pinned]
  const references = database.prepare(`SELECT text FROM (${VALUES}) WHERE instr(text, '$document')`)
  for (const { text } of references.iterate()) waiting.push(...documentsIn(String(text)))
  const document = database.prepare("SELECT text FROM documents WHERE hash = ? AND instr(text, '$document')")
  for (let hash = waiting.pop(); hash !== undefined; hash = waiting.pop()) {
    if (used.has(hash)) continue
    used.add(hash)
    waiting.push(...documentsIn(String(document.get(hash)?.text ?? '')))
  }
  const all = database.prepare('SELECT hash FROM documents').all()
  return all.map(({ hash }) => String(hash)).filter((hash) => !used.has(hash))
}
