/**
 * Runs that are trained again: a run of MiniLM, one of a decoder, one of a network of Deeplearning4j and one of a trainer of Tribuo, each
 * recorded by another process and compared in every bit, and what some segments of a run cost.
 */
package org.lora4j.integration.replay;
