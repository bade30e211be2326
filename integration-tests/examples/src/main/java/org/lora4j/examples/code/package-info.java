/**
 * Java methods of two Apache libraries: found by the first sentence of their javadoc, and described by their bodies. Needs
 * nothing but artifacts of Maven.
 */
package org.lora4j.examples.code;
