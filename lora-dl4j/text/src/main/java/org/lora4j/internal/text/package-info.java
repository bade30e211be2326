/**
 * What text tasks share: batches of tokens under a budget, heads and their convex start, the loop around the trainer, files,
 * and executors for many threads. It knows tokens and numbers, and nothing of what a task calls its examples.
 */
package org.lora4j.internal.text;
