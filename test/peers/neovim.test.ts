// Neovim is the judge of the guide's set-up: it starts the server, shows what check says, and asks for a hover and completions.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { peer } from './peer.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/guide/editors.md'), 'utf8')
/** The last of the three set-ups: every version of Neovim understands it. */
const setUp = [...guide.matchAll(/```lua\n([\s\S]*?)```/g)].at(-1)?.[1] ?? ''

const ASK = `
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end)
for _, each in ipairs(vim.diagnostic.get(0)) do print(each.lnum + 1 .. ':' .. each.col + 1 .. ' ' .. each.code) end
vim.fn.search('scp/task.list')
vim.fn.search('task')
for _, method in ipairs({ 'hover', 'completion' }) do
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/' .. method, vim.lsp.util.make_position_params(0, 'utf-16'), 20000)
  for _, answer in pairs(answers) do
    print(method .. ' ' .. (method == 'hover' and answer.result.contents.value:match('[^\\n]+') or #answer.result.items))
  end
end
vim.cmd('qa!')
`

const shipped = readFileSync(join(root, 'runbooks/sangfor-scp/vm-backup.runbook.yaml'), 'utf8')
const before = shipped.slice(0, shipped.indexOf('scp/server.get')).split('\n')
/** Of the action that is misspelt: line and column. */
const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-nvim-'))
  const program = join(folder, 'holdfast')
  writeFileSync(
    program,
    `#!/bin/sh\nexec "${process.execPath}" --conditions=source --disable-warning=ExperimentalWarning "${join(root, 'bin/holdfast.js')}" "$@"\n`,
  )
  chmodSync(program, 0o755)
  writeFileSync(join(folder, 'init.lua'), setUp)
  writeFileSync(join(folder, 'ask.lua'), ASK)
  writeFileSync(join(folder, 'mine.runbook.yaml'), shipped.replace('scp/server.get', 'scp/server.gett'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(!peer('nvim', 'neovim'))('Neovim shows diagnostics, a hover and completions with the set-up of the guide', () => {
  const { stderr } = spawnSync('nvim', ['--headless', '-u', 'init.lua', 'mine.runbook.yaml', '-S', 'ask.lua'], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, HOME: folder },
    encoding: 'utf8',
  })
  const said = stderr.split(/\r?\n/)
  expect(said[0]).toBe(`${place} ACTION_UNKNOWN`)
  expect(said).toContainEqual(expect.stringContaining('hover **sangfor-scp/task.list**'))
  expect(Number(said.find((line) => line.startsWith('completion'))?.split(' ')[1])).toBeGreaterThan(20)
})
