/**
 * Vehicles: a convolutional network that knows traffic signs of one country by day learns those of another country, the night and
 * the rain, an adapter each, and a router chooses for each picture; then driving commands as text. Run it with
 * {@code mvn -Pexample-vehicles verify}.
 */
package org.lora4j.examples.vehicles;
