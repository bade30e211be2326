/**
 * One page on a run: what was trained, on what, how well, and why, from the values that the library has measured. The same as JSON and as
 * plain text, and several runs beside each other.
 */
package org.lora4j.report;
