// The simulator of govmomi as a peer: it speaks SOAP, and nobody here has written it. It is built from Debian's packages of Go; no package
// brings the program itself, so where they are missing it is skipped, on CI too.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const GOPATH = '/usr/share/gocode'
const SOURCE = join(import.meta.dirname, '../../peers/vcsim/main.go')

export function hasVcsim(): boolean {
  const there = spawnSync('go', ['version']).status === 0 && existsSync(`${GOPATH}/src/github.com/vmware/govmomi/simulator`)
  if (!there) console.warn('skipped: there is no vcsim; get it with: apt-get install golang-go golang-github-vmware-govmomi-dev')
  return there
}

/** Go keeps what it has compiled: only the first time takes long. */
export async function startVcsim(): Promise<{ readonly url: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'vcsim-'))
  const program = join(folder, 'vcsim')
  const env = { ...process.env, GOPATH, GO111MODULE: 'off' }
  const built = spawnSync('go', ['build', '-o', program, SOURCE], { env, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`vcsim cannot be built: ${built.stderr}`)
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [url] = await new Promise<string[]>((resolve) => createInterface(child.stdout).once('line', (line) => resolve([line])))
  return {
    url: url ?? '',
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
