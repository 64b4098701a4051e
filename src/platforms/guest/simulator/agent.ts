// The guest's QEMU guest agent on a unix socket: the true protocol as qemu-ga 7.2 was seen to speak it.
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import type { Json, JsonObject } from '../../../values/index.ts'
import { createFaults, type Faults, type ScriptedFault } from '../../simulation/index.ts'
import { begin, command, type SimulatedGuest } from './guest.ts'

export interface AgentFault extends ScriptedFault {
  /** `fails`: an error is answered. The others break the connection before or after the command has its effect. `exits1`: a script does, having done its work. */
  readonly does: 'fails' | 'breaksBefore' | 'breaksAfter' | 'exits1'
}

export interface SimulatedAgent extends AsyncDisposable {
  readonly faults: Faults<AgentFault>
  asked(): Readonly<Record<string, number>>
}

const SENTINEL = Buffer.from([0xff])
const STRAY = { error: { class: 'GenericError', desc: "JSON parse error, stray '\\xFF'" } }
/** Refused while file systems are frozen; anything that could write. */
const WHILE_FROZEN = ['guest-exec', 'guest-fsfreeze-freeze', 'guest-get-fsinfo']

/** `faults`: those of several agents may be the same. */
export async function startAgent(
  guest: SimulatedGuest,
  path: string,
  faults = createFaults<AgentFault>(),
): Promise<SimulatedAgent> {
  const asked: Record<string, number> = {}
  const told = new Set<number>()
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    let rest = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end)
        rest = rest.subarray(end + 1)
        const cut = line.lastIndexOf(SENTINEL)
        if (cut >= 0) socket.write(`${JSON.stringify(STRAY)}\n`)
        answer(socket, line.subarray(cut + 1))
      }
    })
  })

  function answer(socket: Socket, line: Buffer): void {
    const question = JSON.parse(line.toString('utf8')) as { execute: string; arguments?: JsonObject; id?: Json }
    const { execute: name, arguments: args = {}, id = null } = question
    asked[name] = (asked[name] ?? 0) + 1
    if (name === 'guest-sync-delimited') socket.write(SENTINEL)
    const does = faults.strike(name)[0]?.does
    if (does === 'breaksBefore') return void socket.destroy()
    const said = does === 'fails' ? refused('the simulated agent refuses') : perform(name, args, does === 'exits1')
    if (does === 'breaksAfter') return void socket.destroy()
    socket.write(`${JSON.stringify({ ...said, id })}\n`)
  }

  function perform(name: string, args: JsonObject, exits1: boolean): JsonObject {
    if (guest.frozen && WHILE_FROZEN.includes(name)) {
      return refused(`Command ${name} has been disabled: the agent is in frozen state`, 'CommandNotFound')
    }
    switch (name) {
      case 'guest-sync-delimited':
        return { return: args.id ?? null }
      case 'guest-exec':
        return start(args, exits1)
      case 'guest-exec-status': {
        // Told once: then the agent forgets it.
        const pid = Number(args.pid)
        const process = told.has(pid) ? undefined : guest.processes.get(pid)
        if (!process) return refused("Invalid parameter 'pid'")
        if (process.status) told.add(pid)
        return { return: process.status ?? { exited: false } }
      }
      default:
        return command(guest, name) ?? refused(`The command ${name} has not been found`, 'CommandNotFound')
    }
  }

  function start({ path: program, arg }: JsonObject, exits1: boolean): JsonObject {
    const pid = begin(guest, [String(program), ...(Array.isArray(arg) ? arg.map(String) : [])], exits1)
    if (pid === undefined) return refused(`Failed to execute child process "${program}" (No such file or directory)`)
    return { return: { pid } }
  }

  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    faults,
    asked: () => ({ ...asked }),
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await rm(path, { force: true })
    },
  }
}

const refused = (desc: string, kind = 'GenericError'): JsonObject => ({ error: { class: kind, desc } })
