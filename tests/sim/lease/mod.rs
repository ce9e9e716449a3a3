mod crowds;
