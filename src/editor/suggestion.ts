// What completion answers with.

export interface Suggestion {
  readonly label: string
  readonly kind: 'key' | 'word' | 'verb' | 'action' | 'pack' | 'type' | 'name' | 'property' | 'variable' | 'function'
  readonly detail?: string
  /** Markdown. */
  readonly docs?: string
  /** What is written; the label unless said. */
  readonly insert?: string
  /** What is needed comes first. */
  readonly first?: true
}

export interface Completion {
  /** What is replaced. */
  readonly start: number
  readonly end: number
  readonly items: readonly Suggestion[]
}
