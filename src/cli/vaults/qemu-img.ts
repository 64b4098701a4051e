// A disk of a restore point as a qcow2 image, through qemu-img: it reads our export over a private unix socket.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportVault, type Vault } from '../../vault/index.ts'
import { programFailed, programMissing } from '../codes.ts'
import { Refusal } from '../refusal.ts'

/** Creates the image, which must not be there. */
export async function writeQcow2(vault: Vault, exportName: string, path: string, signal: AbortSignal): Promise<void> {
  // Only this user can enter the folder, so nobody else can read the disk meanwhile.
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-qcow2-'))
  try {
    const socket = join(folder, 'socket')
    await using _server = await exportVault(vault, { listen: { path: socket } })
    const name = exportName.split('/').map(encodeURIComponent).join('/')
    await runQemuImg(['convert', '-f', 'raw', '-O', 'qcow2', `nbd+unix:///${name}?socket=${socket}`, path], signal)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runQemuImg(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn('qemu-img', args, { stdio: ['ignore', 'ignore', 'pipe'], signal })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-2000)
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', reject)
  child.on('close', resolve)
  const exitCode = await promise.catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Refusal([programMissing('qemu-img', 'qemu-utils')]) : error
  })
  signal.throwIfAborted()
  if (exitCode !== 0) throw new Refusal([programFailed('qemu-img', said.trim())])
}
