// The tree of commands as completion scripts. Generated from the tree itself, so that a new option completes at once.
import type { Command, Option } from 'commander'

export type Shell = 'bash' | 'zsh' | 'fish'

interface Node {
  /** `vault init`; empty for the program itself. */
  readonly path: string
  readonly children: readonly Command[]
  readonly options: readonly Option[]
  /** Choices of its first argument; none means file names. */
  readonly choices: readonly string[]
  readonly takesArguments: boolean
}

export function completionScript(program: Command, shell: Shell): string {
  const nodes = [...walk(program, '', [])]
  switch (shell) {
    case 'bash':
      return bash(nodes)
    case 'zsh':
      return zsh(nodes)
    case 'fish':
      return fish(nodes)
    default:
      return shell satisfies never
  }
}

function* walk(command: Command, path: string, inherited: readonly Option[]): Generator<Node> {
  const options = [...command.options, ...inherited].filter(({ hidden }) => !hidden)
  yield {
    path,
    children: command.commands,
    options,
    choices: command.registeredArguments[0]?.argChoices ?? [],
    takesArguments: command.registeredArguments.length > 0,
  }
  const handedDown = options.filter(({ long }) => long !== '--version')
  for (const child of command.commands) yield* walk(child, path ? `${path} ${child.name()}` : child.name(), handedDown)
}

const flags = ({ short, long }: Option): readonly string[] => [short, long].filter((flag) => flag !== undefined)
const takesValue = (option: Option): boolean => option.required || option.optional
const wordsOf = (node: Node): readonly string[] => [
  ...node.children.map((child) => child.name()),
  ...node.choices,
  ...node.options.flatMap(flags),
]
/** Inside single quotes, for any of the three shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

function bash(nodes: readonly Node[]): string {
  const paths = nodes.flatMap(({ path, children }) => children.map((child) => quoted(`${path} ${child.name()}`)))
  const values = nodes.flatMap(({ path, options }) =>
    options.flatMap((option) =>
      (option.argChoices ?? []).length === 0
        ? []
        : [
            `    ${flags(option)
              .map((flag) => quoted(`${path} ${flag}`))
              .join('|')}) words=${quoted((option.argChoices ?? []).join(' '))} ;;`,
          ],
    ),
  )
  const files = nodes.flatMap(({ path, options }) =>
    options
      .filter((option) => takesValue(option) && !option.argChoices)
      .flatMap((option) => flags(option).map((flag) => quoted(`${path} ${flag}`))),
  )
  return `# holdfast completion for bash. Use: source <(holdfast completion bash)
_holdfast() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
    ${paths.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${values.join('\n')}
    ${files.join('|')}) return ;;
    *)
      case "$path" in
${nodes.map((node) => `      ${quoted(node.path)}) words=${quoted(wordsOf(node).join(' '))} ;;`).join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _holdfast holdfast
`
}

function zsh(nodes: readonly Node[]): string {
  return `#compdef holdfast
# holdfast completion for zsh. Use: holdfast completion zsh > "\${fpath[1]}/_holdfast"
${nodes.map(zshFunction).join('\n')}
if [ "$funcstack[1]" = "_holdfast" ]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`
}

const zshName = (path: string): string => ['_holdfast', ...path.split(' ').filter(Boolean)].join('_')
const zshText = (text: string): string => text.replaceAll(/[[\]:\\]/g, '\\$&')

function zshFunction(node: Node): string {
  const specs = node.options.flatMap((option) =>
    flags(option).map((flag) => {
      const value = takesValue(option) ? `:value:${option.argChoices ? `(${option.argChoices.join(' ')})` : '_files'}` : ''
      return quoted(`*${flag}[${zshText(option.description)}]${value}`)
    }),
  )
  if (node.children.length === 0) {
    const rest = node.takesArguments
      ? [quoted(`*:argument:${node.choices.length > 0 ? `(${node.choices.join(' ')})` : '_files'}`)]
      : []
    return `${zshName(node.path)}() {\n  _arguments -s ${[...specs, ...rest].join(' ')}\n}`
  }
  const commands = node.children.map((child) => quoted(`${child.name()}:${zshText(child.description())}`))
  const calls = node.children.map(
    (child) => `      ${child.name()}) ${zshName(node.path ? `${node.path} ${child.name()}` : child.name())} ;;`,
  )
  return `${zshName(node.path)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${specs.join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(${commands.join(' ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${calls.join('\n')}
      esac ;;
  esac
}`
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap((node) => {
    const when = `-n ${quoted(fishCondition(node))}`
    return [
      ...node.children.map(
        (child) => `complete -c holdfast -f ${when} -a ${quoted(child.name())} -d ${quoted(child.description())}`,
      ),
      ...node.options.map((option) => {
        const short = option.short ? ` -s ${option.short.slice(1)}` : ''
        const long = option.long ? ` -l ${option.long.slice(2)}` : ''
        const value = !takesValue(option) ? '' : option.argChoices ? ` -x -a ${quoted(option.argChoices.join(' '))}` : ' -r'
        return `complete -c holdfast ${when}${short}${long}${value} -d ${quoted(option.description)}`
      }),
      ...(node.choices.length > 0 ? [`complete -c holdfast -f ${when} -a ${quoted(node.choices.join(' '))}`] : []),
    ]
  })
  return `# holdfast completion for fish. Use: holdfast completion fish > ~/.config/fish/completions/holdfast.fish
${lines.join('\n')}
`
}

/** True when the words typed so far name this command and none below it. */
function fishCondition({ path, children }: Node): string {
  const seen = path
    .split(' ')
    .filter(Boolean)
    .map((word) => `__fish_seen_subcommand_from ${word}`)
  const notSeen =
    children.length > 0 ? [`not __fish_seen_subcommand_from ${children.map((child) => child.name()).join(' ')}`] : []
  return [...seen, ...notSeen].join('; and ') || 'true'
}
