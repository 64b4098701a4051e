// Writes what is made from code: schemas/ and docs/reference/. With --check it writes nothing and fails when a file is stale or left over.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { processHost } from '../src/main.ts'
import { referencePages } from './generate/pages.ts'
import { schemas } from './generate/schemas.ts'

const root = join(import.meta.dirname, '..')
const host = processHost()
const files: Readonly<Record<string, string>> = { ...(await schemas(host)), ...(await referencePages(host)) }

const current = (file: string): string | undefined => {
  try {
    return readFileSync(join(root, file), 'utf8')
  } catch {
    return undefined
  }
}
const stale = Object.entries(files).filter(([file, text]) => current(file) !== text)

/** Pages of codes that are no more. */
const orphans = globSync('docs/reference/diagnostics/*.md', { cwd: root }).filter((file) => !Object.hasOwn(files, file))

if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: npm run generate`)
  for (const file of orphans) console.error(`${file} belongs to nothing: npm run generate`)
  process.exitCode = stale.length + orphans.length > 0 ? 1 : 0
} else {
  for (const file of orphans) {
    rmSync(join(root, file))
    console.log(`removed ${file}`)
  }
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
    console.log(`wrote ${file}`)
  }
}
