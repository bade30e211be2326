/**
 * What an answer on health is about, with all that somebody needs who has to decide whether to rely on it, and a clinical table as a
 * stand-in: {@code mvn -Pexample-healthcare verify}, see {@code docs/examples/healthcare.md}.
 */
package org.lora4j.examples.healthcare;
