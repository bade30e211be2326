import { defineConfig } from 'vitepress'
import { pages } from '../pages.mjs'

// As GitHub makes anchors, since the documents are read there, too.
const slugify = text =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-')

export default defineConfig({
  title: 'lora4j',
  description: 'LoRA for Deeplearning4j, SameDiff and Tribuo',
  lang: 'en',
  srcDir: 'pages',
  outDir: process.env.LORA4J_SITE_OUT,
  base: process.env.LORA4J_SITE_BASE ?? '/',
  // Files beside the pages; build.mjs has looked whether they are there.
  ignoreDeadLinks: [/^\/files\//],
  head: [
    [
      'script',
      {},
      `if (location.protocol === 'file:') addEventListener('DOMContentLoaded', () => document.body.prepend(
  'This page was opened as a file: styles, menus and search need a web server. In this folder, run "python3 -m http.server" and open http://localhost:8000.'))`,
    ],
  ],
  markdown: { anchor: { slugify }, html: false, toc: { slugify } },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Command line', link: '/cli' },
      { text: 'Text', link: '/text' },
      { text: 'Language models', link: '/language-models' },
      { text: 'Java API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: pages.map(group => ({
      text: group.text,
      items: group.pages.map(({ text, path }) => ({ text, link: '/' + path.replace(/index$/, '') })),
    })),
    outline: [2, 3],
    search: { provider: 'local' },
    footer: { message: 'Apache License 2.0', copyright: 'lora4j contributors' },
  },
})
