/** examples. */
package io.github.promferry.examples;
