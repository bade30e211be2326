/**
 * A demonstration on a convolutional network: a CNN that knows upright digits learns inverted and rotated ones through two
 * adapters on one base. Run it with {@code mvn -Pdigits verify}.
 */
package org.lora4j.integration.digits;
