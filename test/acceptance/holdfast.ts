// Runs the command line as a person does: a process of its own, in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program and what comes before its own arguments. */
export type Program = readonly [command: string, ...args: string[]]

/** The sources, as `npm run holdfast` runs them. */
export const FROM_SOURCE: Program = [
  process.execPath,
  '--conditions=source',
  '--disable-warning=ExperimentalWarning',
  join(root, 'bin/holdfast.js'),
]

export interface Where {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly program?: Program
}

function start({ cwd, env = {}, program = FROM_SOURCE }: Where, args: readonly string[]): ChildProcess {
  const [command, ...before] = program
  // NODE_OPTIONS of the test runner would change what is tested.
  const { NODE_OPTIONS: _, ...inherited } = process.env
  return spawn(command, [...before, ...args], { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs one command to its end. */
export function holdfast(where: Where, ...args: string[]): Promise<Ended> {
  return ended(start(where, args))
}

export interface Background {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with what was printed so far once it holds this text; rejects when the program ends before. */
  says(text: string): Promise<string>
}

/** Starts a command that goes on until it is told to stop. */
export function startHoldfast(where: Where, ...args: string[]): Background {
  const child = start(where, args)
  let printed = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const end = ended(child)
  return {
    child,
    ended: end,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (printed.includes(text)) resolve(printed)
        }
        child.stdout?.on('data', look)
        look()
        end.then(({ stderr }) => reject(new Error(`ended without saying ${text}:\n${printed}\n${stderr}`)), reject)
      }),
  }
}

async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { exitCode, stdout, stderr }
}
