/**
 * Voice commands with intents and slots over one adapter, and answers to questions on health that are found by their meaning:
 * {@code mvn -Pexample-language-tasks verify}, see {@code docs/examples/language-tasks.md}.
 */
package org.lora4j.examples.languagetasks;
