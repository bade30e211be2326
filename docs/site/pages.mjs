// What stands in the menu, by who reads it. A page that is in no group stops the build.
const page = (text, path) => ({ text, path })
export const pages = [
  { text: 'Start', pages: [page('Five minutes', 'start'), page('Training, in one grammar', 'training')] },
  {
    text: 'Guides',
    pages: [
      page('Command line', 'cli'),
      page('Text tasks', 'text'),
      page('Images', 'images'),
      page('Language models', 'language-models'),
      page('SameDiff graphs', 'guide-samediff'),
      page('Deeplearning4j networks', 'dl4j'),
      page('Tribuo', 'tribuo'),
      page('A port to ask', 'serving'),
      page('Apache Spark', 'spark'),
      page('Demonstrations', 'demonstrations'),
    ],
  },
  {
    text: 'One base, many tasks',
    pages: [page('Many tasks', 'many-tasks'), page('Combine adapters', 'combine'), page('Other methods', 'methods')],
  },
  {
    text: 'Understand and trust',
    pages: [
      page('Advice', 'advisor'),
      page('Reports', 'report'),
      page('Interpretation', 'interpretation'),
      page('Trust', 'trust'),
      page('From training to use', 'use'),
      page('Untrusted files', 'security'),
    ],
  },
  { text: 'Exchange', pages: [page('PEFT', 'peft'), page('Export', 'export')] },
  {
    text: 'Speed',
    pages: [page('Performance', 'performance'), page('Processors', 'processors'), page('Quantized weights', 'quantized')],
  },
  {
    text: 'Reference',
    pages: [
      page('Troubleshooting', 'troubleshooting'),
      page('Architecture', 'architecture'),
      page('Decisions', 'decisions/index'),
      page('PEFT test cases', 'peft-golden'),
      page('Fuzzing', 'fuzzing'),
      page('Changelog', 'changelog'),
    ],
  },
]
