/**
 * What people come for, measured on real open data: six programs, each a profile {@code example-NAME} with a page in
 * {@code docs/examples}. Here is what they share: how they start and end, where their data comes from, how arms are compared,
 * and a baseline. Each program is in a package of its own below this one and uses the public API of lora4j only.
 */
package org.lora4j.examples;
