/** The story of a service that grows: ten domains of requests, one adapter each, taken up one after the other while clients ask. */
package org.lora4j.examples.service;
