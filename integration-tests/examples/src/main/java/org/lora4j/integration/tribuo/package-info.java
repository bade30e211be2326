/**
 * Tribuo trainers with adapters on published data, beside what a Tribuo user would do without: {@code mvn -Pexample-tribuo
 * verify}. {@link org.lora4j.integration.tribuo.TribuoExample} is the program, with a class for each of the three tasks.
 */
package org.lora4j.integration.tribuo;
