/**
 * What servers of adapters share inside: whether a directory still holds the adapter that was registered. Uses
 * {@code adapter}, {@code error} and {@code internal.array}.
 */
package org.lora4j.internal.serve;
