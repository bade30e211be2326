/**
 * Streams of random numbers from the caller's seed, by name, and arrays filled from them. Nothing in the library draws from
 * elsewhere; it may be used by every package, as may the JDK's generators.
 */
package org.lora4j.random;
