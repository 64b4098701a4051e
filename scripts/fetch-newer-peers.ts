// Fetches peers that are newer than this Debian's own, for tests: packages of newer suites, checked against Debian's keys by apt in folders of
// its own, unpacked and not installed. Nothing of it reaches the machine's own packages.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NEWER_PEERS } from '../test/peers/newer-peers.ts'

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

async function fetchFrom(suite: string, making: string): Promise<void> {
  const apt = await aptFor(suite, making)
  await run('apt-get', [...apt, 'update'])
  await run('apt-get', [...apt, 'download', ...NEWER_PEERS.packages], { cwd: making })
  for (const file of await readdir(making)) {
    if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(making, file), join(making, 'unpacked')])
  }
  // One that is built for a newer C library does not start here.
  const { stdout } = await run(join(making, 'unpacked', NEWER_PEERS.restic), ['version'])
  console.log(`${suite}: ${stdout.trim()}`)
}

for (const suite of SUITES) {
  await mkdir(NEWER_PEERS.folder, { recursive: true })
  const making = await mkdtemp(join(NEWER_PEERS.folder, `${suite}-`))
  try {
    await fetchFrom(suite, making)
    const place = join(NEWER_PEERS.folder, 'unpacked')
    await rm(place, { recursive: true, force: true })
    await rename(join(making, 'unpacked'), place)
    process.exitCode = 0
    break
  } catch (error) {
    console.warn(`${suite}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}
