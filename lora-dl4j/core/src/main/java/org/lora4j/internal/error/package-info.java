/**
 * What went wrong, told apart for the library itself: whether memory ended, and which. Messages and exceptions that users see
 * are in {@code org.lora4j.error}. And whether a thread works in silence. Uses nothing else of the library.
 */
package org.lora4j.internal.error;
