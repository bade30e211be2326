/**
 * What every host offers for an adapted model, whatever the kind of its base: the verbs, the states (active, trainable
 * and enabled are three separate ones) and the reports. Knows neither SameDiff's rewriting nor DL4J.
 */
package org.lora4j.model;
