// The view for a person at a terminal: the run as a tree that moves. Steps appear as they start; those of which there is
// nothing to tell leave when their block ends, and so do the items of a long loop: ten thousand stay readable and small.
import {
  DefaultRenderer,
  Listr,
  ListrDefaultRendererLogLevels,
  type ListrDefaultRendererTask,
  ListrEventManager,
  ListrLogger,
  ListrTaskState,
  ProcessOutput,
} from 'listr2'
import type { Observation } from '../../engine/index.ts'
import type { Report, StepOutcome } from '../../kernel/index.ts'
import { formatDuration, printable } from '../../values/index.ts'
import { paint } from './paint.ts'
import { createTransfers } from './transfers.ts'
import type { View } from './view.ts'
import { type Line, wordsOfNotice, wordsOfOutcome, wordsOfReading, wordsOfReport, wordsOfStart } from './words.ts'

type Task = ListrDefaultRendererTask

interface Node {
  readonly task: Task
  readonly parent: Node | undefined
  readonly children: Map<string, Node>
  name: string
  startedAt: number
  action: string
  /** What is going on right now; goes when the step ends. */
  doing: string
  /** What stays when the step has ended: bytes, what it holds or held, its failure. */
  note: string
  took: string
}

const ITEMS_SHOWN = 12
/** No step has such an id. */
const CANCELLING = '!cancelling'
const REDRAW_MS = 200
const STATE: Readonly<Record<StepOutcome, ListrTaskState>> = {
  succeeded: ListrTaskState.COMPLETED,
  failed: ListrTaskState.FAILED,
  skipped: ListrTaskState.SKIPPED,
  cancelled: ListrTaskState.CANCELLED,
}

const plain = (text = ''): string => text
/** Without it the library asks the environment for itself. */
const PLAIN = Object.fromEntries(Object.values(ListrDefaultRendererLogLevels).map((level) => [level, plain]))

export function createTreeView(terminal: NodeJS.WriteStream, colour: boolean): View {
  const tasks: Task[] = []
  const roots = new Map<string, Node>()
  const factory = new Listr<object, typeof DefaultRenderer, typeof DefaultRenderer>([], {
    registerSignalListeners: false,
    exitOnError: false,
  })
  const transfers = createTransfers(REDRAW_MS)
  const renderer = new DefaultRenderer(
    tasks,
    {
      collapseSubtasks: false,
      collapseSkips: false,
      showSkipMessage: false,
      collapseErrors: false,
      icon: { [ListrDefaultRendererLogLevels.SKIPPED_WITHOUT_COLLAPSE]: '-' },
      color: colour ? { [ListrDefaultRendererLogLevels.SKIPPED_WITHOUT_COLLAPSE]: plain } : PLAIN,
      logger: new ListrLogger({ useIcons: true, toStderr: [], processOutput: new ProcessOutput(terminal, terminal) }),
    },
    // Not the tasks' own: a redraw for each event would cost more than the run; the spinner's beat is enough.
    new ListrEventManager(),
  )
  let rendering: Promise<void> | undefined
  const afterwards: Line[] = []

  const print = ({ text, tone }: Line): void => void terminal.write(`${paint({ text: printable(text), tone }, colour)}\n`)

  /** The node of a path; what encloses it is made on the way. */
  function nodeAt(path: string, at: number): Node {
    let siblings = roots
    let parent: Node | undefined
    for (const segment of segmentsOf(path)) {
      const node: Node = siblings.get(segment) ?? addNode(segment, siblings, parent, at)
      siblings = node.children
      parent = node
    }
    if (!parent) throw new Error('a step has a path')
    return parent
  }

  function addNode(segment: string, siblings: Map<string, Node>, parent: Node | undefined, at: number): Node {
    factory.add({ title: segment, task: () => undefined })
    const [task] = factory.tasks.splice(0)
    if (!task) throw new Error('listr2 makes a task of each')
    const node: Node = {
      task,
      parent,
      children: new Map(),
      name: nameOf(segment),
      startedAt: at,
      action: '',
      doing: '',
      note: '',
      took: '',
    }
    siblings.set(segment, node)
    if (parent) {
      parent.task.subtasks ??= []
      parent.task.subtasks.push(task)
      if (segment.startsWith('[')) dropEndedItems(parent)
    } else tasks.push(task)
    void task.check({})
    task.state$ = ListrTaskState.STARTED
    draw(node)
    return node
  }

  function observeReport(report: Report, runId: string, at: number): void {
    switch (report.kind) {
      case 'stepStarted': {
        const node = nodeAt(report.path, at)
        node.action = report.action ?? report.runbook ?? ''
        return draw(node)
      }
      case 'itemStarted': {
        const node = nodeAt(report.path, at)
        node.name = wordsOfReport(report, runId).text
        return draw(node)
      }
      case 'stepEnded': {
        const node = nodeAt(report.path, at)
        for (const item of node.children.values()) if (item.task.isStarted()) settle(item, STATE[report.outcome], at)
        // A scope fails because of a step inside it, which tells why.
        if (report.failure && (report.failure.path ?? report.path) === report.path) node.note = wordsOfReport(report, runId).text
        return settle(node, STATE[report.outcome], at)
      }
      case 'lock': {
        const node = nodeAt(report.path, at)
        node.doing = report.state === 'holds' ? '' : wordsOfReport(report, runId).text
        return draw(node)
      }
      case 'retrying':
      case 'inDoubt':
      case 'closing':
      case 'leaseRenewed': {
        const node = nodeAt(report.path, at)
        node.doing = wordsOfReport(report, runId).text
        return draw(node)
      }
      case 'approval': {
        const node = nodeAt(report.approval.path, at)
        const { text } = wordsOfReport(report, runId)
        node.doing = report.state === 'asked' ? text : ''
        if (report.state !== 'asked') node.note = text
        return draw(node)
      }
      case 'obligation': {
        const node = nodeAt(report.obligation.id, at)
        node.note = wordsOfReport(report, runId).text
        return draw(node)
      }
      default:
        report satisfies never
    }
  }

  function observe(observation: Observation): void {
    const { at } = observation
    switch (observation.kind) {
      case 'runStarted':
        print(wordsOfStart(observation))
        rendering ??= renderer.render()
        return
      case 'report':
        return observeReport(observation.report, observation.runId, at)
      case 'progress': {
        const reading = transfers(observation)
        if (!reading) return
        const node = nodeAt(observation.path, at)
        node.note = wordsOfReading(reading, observation.progress.label)
        return draw(node)
      }
      case 'runEnded':
        dropCancelling()
        afterwards.push(...wordsOfOutcome(observation.runId, observation.outcome))
        return
      default:
        observation satisfies never
    }
  }

  /** What was said at Ctrl-C is about what comes next: it leaves with the run's end. */
  function dropCancelling(): void {
    const node = roots.get(CANCELLING)
    if (!node) return
    roots.delete(CANCELLING)
    tasks.splice(tasks.indexOf(node.task), 1)
  }

  async function close(): Promise<void> {
    await rendering
    if (rendering) renderer.end()
    rendering = undefined
    for (const line of afterwards.splice(0)) print(line)
  }

  return {
    observe,
    // While the tree moves, anything else that is written would be overwritten by it.
    notice: (notice) => {
      const lines = wordsOfNotice(notice)
      if (notice.kind !== 'cancelling' || !rendering) return void afterwards.push(...lines)
      const node = nodeAt(CANCELLING, notice.at)
      node.name = lines.map(({ text }) => text).join('  ')
      draw(node)
    },
    close,
  }
}

function settle(node: Node, state: ListrTaskState, at: number): void {
  const tookMs = at - node.startedAt
  node.doing = ''
  if (tookMs >= 1000 && state !== ListrTaskState.SKIPPED) node.took = formatDuration(tookMs)
  if (state === ListrTaskState.COMPLETED)
    for (const [segment, child] of node.children) if (isQuiet(child)) drop(node, segment, child)
  draw(node)
  node.task.state$ = state
}

/** Ended well, and there is nothing to tell of it. */
const isQuiet = ({ task, note, children }: Node): boolean =>
  (task.isCompleted() || task.isSkipped()) && note === '' && [...children.values()].every(isQuiet)

function drop(parent: Node, segment: string, child: Node): void {
  parent.children.delete(segment)
  parent.task.subtasks = parent.task.subtasks.filter((task) => task !== child.task)
}

function draw({ task, name, action, doing, note, took }: Node): void {
  task.title$ = printable([name, action, note, doing, took].filter(Boolean).join('  '))
}

/** `backup/vms[vm-1]/copy` → `backup`, `vms`, `[vm-1]`, `copy`. Keys are percent-encoded, so that / and [ always separate. */
const segmentsOf = (path: string): readonly string[] => path.match(/\[[^\]]*\]|[^/[]+/g) ?? []
const nameOf = (segment: string): string => (segment.startsWith('[') ? decodeURIComponent(segment.slice(1, -1)) : segment)

/** Keeps the newest items and all that failed. An item has ended when none of its steps is under way. */
function dropEndedItems(loop: Node): void {
  let surplus = loop.children.size - ITEMS_SHOWN
  for (const [segment, item] of loop.children) {
    if (surplus <= 0) return
    const steps = [...item.children.values()].map(({ task }) => task)
    if (steps.length === 0 || steps.some((task) => task.isPending() || task.hasFailed())) continue
    drop(loop, segment, item)
    surplus -= 1
  }
}
