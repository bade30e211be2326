/**
 * Code search: methods of an Apache library, found by the first sentence of their javadoc. Needs nothing but artifacts of
 * Maven.
 */
package org.lora4j.integration.code;
