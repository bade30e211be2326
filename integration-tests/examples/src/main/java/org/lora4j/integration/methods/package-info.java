/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which method to take: MiniLM learns BANKING77 from ten questions of each intent, and the categories of WordNet's nouns, with
 * every method. See {@code docs/methods.md}.
 */
package org.lora4j.integration.methods;
