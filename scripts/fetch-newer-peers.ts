// Fetches peers that are newer than this Debian's own, for tests: packages of newer suites, checked against Debian's keys by apt in folders of
// its own, unpacked and not installed. Nothing of it reaches the machine's own packages.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NEWER_PEERS, NEWER_PEERS_FOLDER, type NewerPeer } from '../test/peers/newer-peers.ts'

const run = promisify(execFile)

/** Newest first. The symbolic names move on with Debian's releases. */
const SUITES = ['unstable', 'testing', 'stable']

/** The mirror that this machine takes its own packages from. */
async function mirror(): Promise<string> {
  const main = ['Created-By: Packages', 'Origin: Debian', 'Component: main']
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...main])
  const [first = ''] = stdout.split('\n')
  if (first === '') throw new Error('apt knows no mirror of Debian: apt-get update')
  return first
}

/** What apt is told in a folder of its own: other sources, other lists, no installed packages. */
async function aptFor(suite: string, folder: string): Promise<readonly string[]> {
  const sources = join(folder, 'newer.sources')
  await mkdir(join(folder, 'lists/partial'), { recursive: true })
  await writeFile(
    sources,
    `Types: deb
URIs: ${await mirror()}
Suites: ${suite}
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
  )
  return Object.entries({
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': '/dev/null',
    'Dir::Cache': folder,
    'Acquire::Languages': 'none',
    'Acquire::Retries': '5',
    'APT::Sandbox::User': 'root',
  }).flatMap(([option, value]) => ['-o', `${option}=${value}`])
}

/** Unpacked beside its place, and moved there: for the trial, which knows the place alone. */
async function fetchPeer(peer: NewerPeer, apt: readonly string[], making: string): Promise<void> {
  const downloads = join(making, peer.package)
  await mkdir(downloads)
  await run('apt-get', [...apt, 'download', peer.package], { cwd: downloads })
  const unpacked = join(making, `${peer.package}-unpacked`)
  for (const file of await readdir(downloads)) await run('dpkg-deb', ['-x', join(downloads, file), unpacked])
  await rm(peer.folder, { recursive: true, force: true })
  await rename(unpacked, peer.folder)
  const [program, ...args] = peer.trial
  try {
    await run(program, args)
  } catch (error) {
    await rm(peer.folder, { recursive: true })
    throw error
  }
}

let left: readonly NewerPeer[] = NEWER_PEERS
for (const suite of SUITES) {
  if (left.length === 0) break
  await mkdir(NEWER_PEERS_FOLDER, { recursive: true })
  const making = await mkdtemp(join(NEWER_PEERS_FOLDER, `${suite}-`))
  try {
    const apt = await aptFor(suite, making)
    await run('apt-get', [...apt, 'update'])
    const failed: NewerPeer[] = []
    for (const peer of left) {
      const outcome = await fetchPeer(peer, apt, making).then(
        () => 'fetched',
        (error: Error) => error.message,
      )
      console.log(`${peer.package} of ${suite}: ${outcome}`)
      if (outcome !== 'fetched') failed.push(peer)
    }
    left = failed
  } catch (error) {
    console.log(`${suite}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}
process.exitCode = left.length === 0 ? 0 : 1
