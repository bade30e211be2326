/**
 * What servers of adapters share inside: names of adapters, and whether a directory still holds the one that was registered. Uses
 * {@code adapter}, {@code trust}, {@code error} and {@code internal.array}.
 */
package org.lora4j.internal.serve;
