// A folder whose files have extended attributes under names that are hard to write, and what getfattr itself says of such a folder.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'

/** Some are no UTF-8, some mean something to a shell, to xargs or to getfattr. */
const NAMES = ['plain', 'with space', 'new\nline', 'back\\slash', '-rf', '# file: x', 'a=b', 'ä€', '\xff\xfe', 'quo\'te"'].map(
  (name) => Buffer.from(name, /[\xff]/.test(name) ? 'latin1' : 'utf8'),
)

/** By name; the values as setfattr takes them. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  'user.text': 'a "text" with = and \\\\',
  'user.empty': '',
  'user.bytes': '0x00ff0a0d5c',
  'user.sp ace=and\\more': 'x',
}

export function plantAttributes(folder: string): void {
  mkdirSync(`${folder}/inside/deeper`, { recursive: true })
  symlinkSync('plain', `${folder}/link`)
  for (const name of NAMES) {
    const path = Buffer.concat([Buffer.from(`${folder}/inside/`), name])
    writeFileSync(path, name)
    for (const [attribute, value] of Object.entries(ATTRIBUTES)) set(attribute, value, path)
  }
  set('user.folder', 'yes', Buffer.from(`${folder}/inside`))
  // An access list, and one that new files of the folder inherit.
  execFileSync('setfacl', ['-m', 'u:1234:rw,g:4321:r', `${folder}/inside/plain`])
  execFileSync('setfacl', ['-d', '-m', 'u:1234:rwx', `${folder}/inside/deeper`])
  writeFileSync(`${folder}/inside/deeper/inherits`, 'x')
  if (process.getuid?.() !== 0) return
  set('trusted.link', 'of the link itself', Buffer.from(`${folder}/link`))
  // cap_net_raw+ep, which a change of owner takes away.
  set('security.capability', '0x0100000200200000000000000000000000000000', Buffer.from(`${folder}/inside/with space`))
}

/** Through xargs: an argument of Node's is text. */
function set(attribute: string, value: string, path: Buffer): void {
  const args = ['-0', 'setfattr', '-h', '-n', attribute, '-v', value, '--']
  execFileSync('xargs', args, { input: Buffer.concat([path, Buffer.from([0])]) })
}

/** Each file with its attributes, as getfattr prints them. */
export const lookAtAttributes = (folder: string): readonly string[] =>
  execFileSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: folder, encoding: 'latin1' })
    .split('\n\n')
    .filter((block) => block !== '')
    .toSorted()
