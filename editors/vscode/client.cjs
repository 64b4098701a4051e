// Starts `holdfast lsp` and connects VS Code with it. Everything else is the server's.
const { workspace } = require('vscode')
const { LanguageClient } = require('vscode-languageclient/node')

/** @type {LanguageClient | undefined} */
let client

exports.activate = async () => {
  const settings = workspace.getConfiguration('holdfast')
  client = new LanguageClient(
    'holdfast',
    'Holdfast',
    { command: settings.get('path', 'holdfast'), args: settings.get('arguments', ['lsp']) },
    {
      documentSelector: [
        { language: 'holdfast-runbook' },
        { pattern: '**/*.runbook.yaml' },
        { pattern: '**/pack.yaml' },
        { pattern: '**/holdfast.config.yaml' },
      ],
    },
  )
  await client.start()
}

exports.deactivate = () => client?.stop()
